/* SPDX-License-Identifier: BSD-3-Clause */
#include "metrics_server.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

#include "number.h"

#define LONGEST_ADDRESS 64

static int parse_ipv4(const char *text, uint16_t port, struct sockaddr_storage *address)
{
	struct sockaddr_in *ipv4 = (struct sockaddr_in *)address;

	ipv4->sin_family = AF_INET;
	ipv4->sin_port = htons(port);
	return inet_pton(AF_INET, text, &ipv4->sin_addr) == 1 ? 0 : -EINVAL;
}

static int parse_ipv6(const char *text, uint16_t port, struct sockaddr_storage *address)
{
	struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)address;

	ipv6->sin6_family = AF_INET6;
	ipv6->sin6_port = htons(port);
	return inet_pton(AF_INET6, text, &ipv6->sin6_addr) == 1 ? 0 : -EINVAL;
}

int metrics_parse_address(const char *text, struct sockaddr_storage *address)
{
	const char *colon = strrchr(text, ':');
	const char *digits = colon != NULL ? colon + 1 : text;
	const size_t length = colon != NULL ? colon - text : 0;
	char host[LONGEST_ADDRESS];
	uint64_t port;

	memset(address, 0, sizeof(*address));
	if (number_parse(digits, '\0', &port, NULL) != 0 || port > UINT16_MAX ||
		length >= sizeof(host))
		return -EINVAL;
	if (length == 0)
		return parse_ipv4("127.0.0.1", port, address);
	if (text[0] != '[') {
		snprintf(host, sizeof(host), "%.*s", (int)length, text);
		return parse_ipv4(host, port, address);
	}
	if (text[length - 1] != ']')
		return -EINVAL;
	snprintf(host, sizeof(host), "%.*s", (int)length - 2, text + 1);
	return parse_ipv6(host, port, address);
}
