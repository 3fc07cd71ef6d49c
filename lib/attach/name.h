/* SPDX-License-Identifier: BSD-3-Clause */
/* The name that a person gives a device, taken apart; nothing is looked up yet. */
#ifndef KL_ATTACH_NAME_H
#define KL_ATTACH_NAME_H

#include <stdint.h>

#include <kickless/discover.h>

enum kl__name_kind {
	KL__NAME_ADDRESS, /* 0000:00:05.0 */
	KL__NAME_NTH, /* TYPE@N */
	KL__NAME_KEY, /* TYPE:KEY=VALUE */
	KL__NAME_MMIO, /* mmio:0xADDRESS[@IRQ] */
	KL__NAME_VHOST_USER, /* vhost-user:... */
};

struct kl__name {
	enum kl__name_kind kind;
	char address[KL_ADDRESS_SIZE];
	uint64_t registers; /* of MMIO, a physical address */
	int irq; /* of MMIO, -1 when not given */
	char type[32];
	unsigned int nth;
	char key[32];
	char value[1024]; /* of KEY, or the path of a socket */
};

/*
 * Parses text, which has no options any more. 0, or -EINVAL when it has none of these forms. No
 * message: the caller knows which types there are.
 */
int kl__name_parse(const char *text, struct kl__name *name);

#endif
