#include "client/account.h"

#include "base/rd.h"

#include <string.h>

#define ACCOUNT_VERSION 1
#define FLAG_VERIFIED	1

void
client_account_bind(const struct client_account *account, struct wr *w)
{
	wr_vec8(w, wire_name_bytes(&account->name));
	wr_put(w, BYTES_OF(account->identity));
}

void
client_account_write(const struct client_account *account, struct wr *w)
{
	wr_u8(w, ACCOUNT_VERSION);
	wr_vec8(w, wire_name_bytes(&account->name));
	wr_vec8(w, bytes_str(account->at.host));
	wr_u16(w, account->at.port);
	wr_put(w, BYTES_OF(account->server_key));
	wr_u8(w, account->is_server_verified ? FLAG_VERIFIED : 0);
	wr_u8(w, account->channel_version);
	wr_put(w, BYTES_OF(account->identity));
	wr_put(w, BYTES_OF(account->device));
	wr_u64(w, account->identity_version);
}

enum err
client_account_read(struct bytes in, struct client_account *account)
{
	struct client_account a = { 0 };
	struct rd r = rd_init(in);
	uint8_t version = rd_u8(&r), flags;
	struct bytes host;
	enum err err = ERR_OK;

	NEED(version == ACCOUNT_VERSION, version > ACCOUNT_VERSION ?
		ERR_VERSION : ERR_DECODE);
	TRY(wire_name_decode(&a.name, rd_vec8(&r, WIRE_NAME_MAX)));
	host = rd_vec8(&r, WIRE_HOST_MAX);
	if (host.n > 0)
		memcpy(a.at.host, host.p, host.n);
	a.at.port = rd_u16(&r);
	rd_copy(&r, a.server_key, sizeof a.server_key);
	flags = rd_u8(&r);
	a.is_server_verified = flags == FLAG_VERIFIED;
	a.channel_version = rd_u8(&r);
	rd_copy(&r, a.identity, sizeof a.identity);
	rd_copy(&r, a.device, sizeof a.device);
	a.identity_version = rd_u64(&r);
	TRY(rd_end(&r));
	NEED(flags <= FLAG_VERIFIED && host.n > 0 && a.at.port != 0 &&
		memchr(host.p, '\0', host.n) == NULL, ERR_DECODE);
	*account = a;
out:
	return err;
}
