#include "net/stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
	0xff };

static bool
is_mapped(const struct net_addr *addr)
{
	return memcmp(addr->ip, mapped, sizeof mapped) == 0;
}

void
net_addr_from(struct net_addr *addr, const struct sockaddr *sa)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	*addr = (struct net_addr){ 0 };
	if (sa->sa_family == AF_INET) {
		memcpy(&v4, sa, sizeof v4);
		memcpy(addr->ip, mapped, sizeof mapped);
		memcpy(addr->ip + sizeof mapped, &v4.sin_addr, 4);
		addr->port = ntohs(v4.sin_port);
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&v6, sa, sizeof v6);
		memcpy(addr->ip, &v6.sin6_addr, 16);
		addr->port = ntohs(v6.sin6_port);
	}
}

void
net_addr_to(struct sockaddr_storage *sa, const struct net_addr *addr)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	memset(sa, 0, sizeof *sa);
	if (is_mapped(addr)) {
		memcpy(&v4.sin_addr, addr->ip + sizeof mapped, 4);
		v4.sin_port = htons(addr->port);
		memcpy(sa, &v4, sizeof v4);
	} else {
		memcpy(&v6.sin6_addr, addr->ip, 16);
		v6.sin6_port = htons(addr->port);
		memcpy(sa, &v6, sizeof v6);
	}
}

enum err
net_addr_parse(struct net_addr *addr, const char *host, uint16_t port)
{
	struct net_addr parsed = { .port = port };

	memcpy(parsed.ip, mapped, sizeof mapped);
	if (inet_pton(AF_INET, host, parsed.ip + sizeof mapped) != 1 &&
	    inet_pton(AF_INET6, host, parsed.ip) != 1)
		return ERR_ARG;
	*addr = parsed;
	return ERR_OK;
}

void
net_addr_print(char out[56], const struct net_addr *addr)
{
	char number[INET6_ADDRSTRLEN] = "?";

	if (is_mapped(addr)) {
		(void)inet_ntop(AF_INET, addr->ip + sizeof mapped, number,
		    sizeof number);
		(void)snprintf(out, 56, "%s:%u", number, addr->port);
	} else {
		(void)inet_ntop(AF_INET6, addr->ip, number, sizeof number);
		(void)snprintf(out, 56, "[%s]:%u", number, addr->port);
	}
}

size_t
net_addr_local(struct net_addr *out, size_t max)
{
	uv_interface_address_t *all;
	size_t n = 0;
	int count;

	if (uv_interface_addresses(&all, &count) != 0)
		return 0;
	for (int i = 0; i < count && n < max; i++)
		if (!all[i].is_internal)
			net_addr_from(&out[n++],
			    (struct sockaddr *)&all[i].address);
	uv_free_interface_addresses(all, count);
	return n;
}
