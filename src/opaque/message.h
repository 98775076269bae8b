/*
 * message - what OPAQUE sends and stores, byte by byte (RFC 9807, sections
 * 5.1, 6.1 and 6.3.1), for OPAQUE-3DH with ristretto255-SHA512, HKDF-SHA-512
 * and HMAC-SHA-512 (section 7).
 *
 * All messages are of fixed length, so they travel as plain arrays.
 */
#ifndef OPAQUE_MESSAGE_H
#define OPAQUE_MESSAGE_H

#include "opaque/oprf.h"

#define OPAQUE_NONCE_LEN   32 /* Nn */
#define OPAQUE_SEED_LEN    32 /* Nseed */
#define OPAQUE_SECRET_LEN  32 /* Nsk */
#define OPAQUE_PUBLIC_LEN  32 /* Npk */
#define OPAQUE_MAC_LEN     64 /* Nm */
#define OPAQUE_HASH_LEN    64 /* Nh, Nx */
#define OPAQUE_STRETCH_LEN 64 /* in and out of the key stretching */

/*
 *   struct {
 *     uint8 envelope_nonce[Nn];
 *     uint8 auth_tag[Nm];
 *   } Envelope;
 */
#define OPAQUE_ENVELOPE_LEN (OPAQUE_NONCE_LEN + OPAQUE_MAC_LEN)

/*
 *   struct {
 *     uint8 blinded_message[Noe];
 *   } RegistrationRequest;
 *
 *   struct {
 *     uint8 evaluated_message[Noe];
 *     uint8 server_public_key[Npk];
 *   } RegistrationResponse;
 *
 *   struct {
 *     uint8 client_public_key[Npk];
 *     uint8 masking_key[Nh];
 *     Envelope envelope;
 *   } RegistrationRecord;
 */
#define OPAQUE_REQUEST_LEN  OPRF_ELEMENT_LEN
#define OPAQUE_RESPONSE_LEN (OPRF_ELEMENT_LEN + OPAQUE_PUBLIC_LEN)
#define OPAQUE_RECORD_LEN                                                      \
	(OPAQUE_PUBLIC_LEN + OPAQUE_HASH_LEN + OPAQUE_ENVELOPE_LEN)

/*
 *   struct {
 *     CredentialRequest credential_request;    blinded_message[Noe]
 *     AuthRequest auth_request;                client_nonce[Nn]
 *                                              client_public_keyshare[Npk]
 *   } KE1;
 *
 *   struct {
 *     CredentialResponse credential_response;  evaluated_message[Noe]
 *                                              masking_nonce[Nn]
 *                                              masked_response[Npk + Nn + Nm]
 *     AuthResponse auth_response;              server_nonce[Nn]
 *                                              server_public_keyshare[Npk]
 *                                              server_mac[Nm]
 *   } KE2;
 *
 *   struct {
 *     uint8 client_mac[Nm];
 *   } KE3;
 */
#define OPAQUE_MASKED_LEN (OPAQUE_PUBLIC_LEN + OPAQUE_ENVELOPE_LEN)
#define OPAQUE_KE1_LEN                                                         \
	(OPRF_ELEMENT_LEN + OPAQUE_NONCE_LEN + OPAQUE_PUBLIC_LEN)
#define OPAQUE_KE2_LEN                                                         \
	(OPRF_ELEMENT_LEN + OPAQUE_NONCE_LEN + OPAQUE_MASKED_LEN +             \
	    OPAQUE_NONCE_LEN + OPAQUE_PUBLIC_LEN + OPAQUE_MAC_LEN)
#define OPAQUE_KE3_LEN OPAQUE_MAC_LEN

#define OPAQUE_SESSION_KEY_LEN 64
#define OPAQUE_EXPORT_KEY_LEN  64

_Static_assert(OPAQUE_ENVELOPE_LEN == 96, "Envelope");
_Static_assert(OPAQUE_REQUEST_LEN == 32, "RegistrationRequest");
_Static_assert(OPAQUE_RESPONSE_LEN == 64, "RegistrationResponse");
_Static_assert(OPAQUE_RECORD_LEN == 192, "RegistrationRecord");
_Static_assert(OPAQUE_KE1_LEN == 96, "KE1");
_Static_assert(OPAQUE_KE2_LEN == 320, "KE2");
_Static_assert(OPAQUE_KE3_LEN == 64, "KE3");

#endif
