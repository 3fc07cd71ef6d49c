/* SPDX-License-Identifier: BSD-3-Clause */
#include "report/metrics.h"

#include <errno.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <criterion/criterion.h>

static void expect_ipv4(const char *text, uint32_t host, uint16_t port)
{
	struct sockaddr_storage address;
	const struct sockaddr_in *ipv4 = (const struct sockaddr_in *)&address;

	cr_assert_eq(metrics_parse_address(text, &address), 0, "'%s'", text);
	cr_expect_eq(ipv4->sin_family, AF_INET);
	cr_expect_eq(ntohl(ipv4->sin_addr.s_addr), host, "'%s'", text);
	cr_expect_eq(ntohs(ipv4->sin_port), port, "'%s'", text);
}

Test(metrics_address, ipv4)
{
	expect_ipv4("9100", INADDR_LOOPBACK, 9100);
	expect_ipv4(":9100", INADDR_LOOPBACK, 9100);
	expect_ipv4("0", INADDR_LOOPBACK, 0);
	expect_ipv4("0.0.0.0:65535", INADDR_ANY, 65535);
	expect_ipv4("192.0.2.1:80", 0xc0000201, 80);
}

Test(metrics_address, ipv6)
{
	struct sockaddr_storage address;
	const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)&address;

	cr_assert_eq(metrics_parse_address("[::1]:9100", &address), 0);
	cr_expect_eq(ipv6->sin6_family, AF_INET6);
	cr_expect_eq(ipv6->sin6_addr.s6_addr[15], 1);
	cr_expect_eq(ntohs(ipv6->sin6_port), 9100);
}

Test(metrics_address, refused)
{
	static const char *const bad[] = {"", ":", "x", "65536", "-1", "localhost:80", "1.2.3:80",
		"1.2.3.4:", "1.2.3.4:80x", "::1:80", "[::1]80", "[::1:80", "::1]:80", "[]:80",
		"[:80", "]:80", "[1.2.3.4]:80",
		"11111111111111111111111111111111111111111111111111111111111111111111111111111111:80"};
	struct sockaddr_storage address;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(metrics_parse_address(bad[i], &address), -EINVAL, "'%s'", bad[i]);
}
