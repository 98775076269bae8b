/*
 * limits - every limit and deadline of the protocol, with its reason.
 */
#ifndef WIRE_LIMITS_H
#define WIRE_LIMITS_H

#define WIRE_VERSION 1

/* Names: what people type, and what files and logs can carry. */
#define WIRE_NAME_MAX 32

/*
 * A record on the wire: two bytes of length, then ciphertext with its tag.
 * Its whole size is one of the classes 256, 512 ... 65536, so that lengths
 * tell little; 65536 is the largest that a two-byte length can say.
 */
#define WIRE_RECORD_MIN      256
#define WIRE_RECORD_MAX      65536
#define WIRE_RECORD_OVERHEAD (2 + 16)

/* Several messages share a record up to this size; longer ones span. */
#define WIRE_RECORD_PACKED 16384

/* Channel: rekey a direction after so many records or so long. */
#define WIRE_REKEY_RECORDS (1 << 14)
#define WIRE_REKEY_MS      (60 * 60 * 1000)

/* Handshake and login must be finished by then, from accept. */
#define WIRE_HANDSHAKE_MS 10000
#define WIRE_LOGIN_MS     60000

/* One-time passes that a device is handed, and keeps at most; how long they
 * hold: who was here this week comes in while strangers pay. */
#define WIRE_PASSES_GIVEN  4
#define WIRE_PASSES_MAX    8
#define WIRE_PASS_S        (7 * 24 * 60 * 60)

/* A channel that says nothing for so long is asked, then given up. */
#define WIRE_PING_MS 120000
#define WIRE_PONG_MS 30000

/* Boxes and rosters rest at the server; a few hundred pins fit. */
#define WIRE_IDENTITY_BOX_MAX 512
#define WIRE_SETTINGS_BOX_MAX (256 * 1024)
#define WIRE_ROSTER_MAX       4096
#define WIRE_ROSTER_DEVICES   16
#define WIRE_EPHEMERAL_S      (24 * 60 * 60)

/* How far a clock may be ahead that judges whether a peer has expired. */
#define WIRE_CLOCK_S (24 * 60 * 60)

/* Introduction and lines. */
#define WIRE_TICKET_MS        120000 /* on the callee's clock */
#define WIRE_TICKET_MAX       256
#define WIRE_ENDPOINTS_MAX    2
#define WIRE_CONSENT_MS       90000 /* how long a person may think */
#define WIRE_ASKS_A_MINUTE    6     /* per pair of names */
#define WIRE_DIRECT_MS        1000  /* then the relay is tried as well */
#define WIRE_LINE_HANDSHAKE_MS 10000
#define WIRE_LINES_MAX        16 /* per session, calls included */
#define WIRE_TEXT_MAX         16384
#define WIRE_LINE_PING_MS     60000
#define WIRE_MIN_DIAL_PORT    1024

/* Relay: bytes in flight each way on one stream, and streams a session. */
#define WIRE_CREDIT_MAX    65536
#define WIRE_STREAM_CHUNK  16384
#define WIRE_STREAMS_MAX   16

/* Sessions that one account may have at a time. */
#define WIRE_SESSIONS_MAX 32

/* Output that waits at the server for one slow client, relay not counted. */
#define WIRE_OUT_MAX (1024 * 1024)

/* An invite's code, how often its OPRF may be asked, its default life. */
#define WIRE_CODE_LEN    16
#define WIRE_CODE_TRIES  5
#define WIRE_INVITE_S    (7 * 24 * 60 * 60)

#endif
