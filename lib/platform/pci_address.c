/* SPDX-License-Identifier: BSD-3-Clause */
/* [DOMAIN:]BUS:DEVICE.FUNCTION, as the kernel and lspci write it. */
#include <kickless/discover.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

/*
 * Reads 1 to digits hexadecimal digits; NULL when there are none, more, or the value is above
 * limit.
 */
static const char *hex(const char *text, unsigned int digits, unsigned int limit,
	unsigned int *value)
{
	unsigned int count = 0;

	for (*value = 0; isxdigit((unsigned char)text[count]); count++) {
		int digit = tolower((unsigned char)text[count]);

		if (count == digits)
			return NULL;
		*value = *value << 4 |
			(unsigned int)(isdigit(digit) ? digit - '0' : digit - 'a' + 10);
	}
	return count == 0 || *value > limit ? NULL : text + count;
}

int kl_pci_address(const char *text, char address[KL_ADDRESS_SIZE])
{
	unsigned int part[3], function, parts = 0;
	const char *at = text;

	for (;;) {
		/* Only a domain, the first of three parts, may have more than two digits. */
		at = hex(at, parts == 0 ? 8 : 2, parts == 0 ? 0xffffffff : 0xff, &part[parts]);
		if (at == NULL)
			return -EINVAL;
		parts++;
		if (*at != ':')
			break;
		if (parts == 3)
			return -EINVAL;
		at++;
	}
	if (parts < 2 || *at != '.')
		return -EINVAL;
	at = hex(at + 1, 1, 7, &function);
	if (at == NULL || *at != '\0' || part[parts - 1] > 0x1f || part[parts - 2] > 0xff)
		return -EINVAL;
	snprintf(address, KL_ADDRESS_SIZE, "%04x:%02x:%02x.%x", parts == 3 ? part[0] : 0,
		part[parts - 2], part[parts - 1], function);
	return 0;
}
