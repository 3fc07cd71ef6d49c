/* SPDX-License-Identifier: BSD-3-Clause */
#include "attach/name.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Copies length bytes of from, which has to be something and to fit. */
static int copy_word(char *to, size_t size, const char *from, size_t length)
{
	if (length == 0 || length >= size)
		return -EINVAL;
	memcpy(to, from, length);
	to[length] = '\0';
	return 0;
}

static int parse_nth(const char *text, const char *at, struct kl__name *name)
{
	unsigned long nth;
	char *end;

	if (at[1] < '0' || at[1] > '9')
		return -EINVAL;
	errno = 0;
	nth = strtoul(at + 1, &end, 10);
	if (*end != '\0' || errno != 0 || nth > 65535)
		return -EINVAL;
	name->kind = KL__NAME_NTH;
	name->nth = (unsigned int)nth;
	return copy_word(name->type, sizeof(name->type), text, (size_t)(at - text));
}

static int parse_key(const char *text, const char *colon, struct kl__name *name)
{
	const char *equals = strchr(colon, '=');

	name->kind = KL__NAME_KEY;
	if (equals == NULL ||
		copy_word(name->type, sizeof(name->type), text, (size_t)(colon - text)) != 0 ||
		copy_word(name->key, sizeof(name->key), colon + 1, (size_t)(equals - colon - 1)) !=
			0)
		return -EINVAL;
	return copy_word(name->value, sizeof(name->value), equals + 1, strlen(equals + 1));
}

/* Addresses are written as the kernel and QEMU show them, in hexadecimal. */
static int parse_registers(const char *text, struct kl__name *name)
{
	unsigned long irq;
	char *end;

	if (strncmp(text, "0x", 2) != 0 || strspn(text + 2, "0123456789abcdefABCDEF") == 0)
		return -EINVAL;
	errno = 0;
	name->kind = KL__NAME_MMIO;
	name->registers = strtoull(text, &end, 16);
	name->irq = -1;
	if (*end == '@') {
		if (end[1] < '0' || end[1] > '9')
			return -EINVAL;
		irq = strtoul(end + 1, &end, 10);
		name->irq = irq <= INT_MAX ? (int)irq : -1;
		if (name->irq < 0)
			return -EINVAL;
	}
	return *end == '\0' && errno == 0 && name->registers % 4 == 0 ? 0 : -EINVAL;
}

int kl__name_parse(const char *text, struct kl__name *name)
{
	const char *mark;

	memset(name, 0, sizeof(*name));
	if (strncmp(text, "mmio:", 5) == 0)
		return parse_registers(text + 5, name);
	if (strncmp(text, "vhost-user:", 11) == 0) {
		name->kind = KL__NAME_VHOST_USER;
		return copy_word(name->value, sizeof(name->value), text + 11, strlen(text + 11));
	}
	if (kl_pci_address(text, name->address) == 0) {
		name->kind = KL__NAME_ADDRESS;
		return 0;
	}
	mark = strpbrk(text, "@:");
	if (mark == NULL)
		return -EINVAL;
	return *mark == '@' ? parse_nth(text, mark, name) : parse_key(text, mark, name);
}
