/* SPDX-License-Identifier: BSD-3-Clause */
/* Capabilities that end where the configuration space does, and some bytes later. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "finish.h"
#include "model.h"
#include "transport/pci_caps.h"

#define COMMON 1
#define NOTIFY 2
#define WINDOW 5

static struct model *model;
static struct kl__pci_caps caps;
static const char *why;

/* Of more bytes than capabilities may lie in. */
static int parse_at(uint8_t cfg_type, unsigned int at, unsigned int bytes)
{
	static uint8_t config[4096];
	unsigned int was = model_capability(model, cfg_type, 0);

	memcpy(config, model->pci_config, 256);
	memset(config + 256, 0, sizeof(config) - 256);
	memcpy(config + at, model->pci_config + was, bytes);
	/* Where it was stands one of another vendor now. */
	config[was] = 0;
	config[at + 1] = config[0x34];
	config[0x34] = (uint8_t)at;
	return kl__pci_caps_parse(config, sizeof(config), model->access.bar, &caps, &why);
}

Test(pci_caps_end, structures)
{
	model = model_new(63);
	cr_expect_eq(parse_at(COMMON, 240, 16), 0, "%s", why);
	cr_expect_eq(parse_at(COMMON, 244, 16), -EPROTO);
	cr_expect_eq(parse_at(NOTIFY, 236, 20), 0, "%s", why);
	cr_expect_eq(parse_at(NOTIFY, 240, 20), -EPROTO);
	finish(model);
}

Test(pci_caps_end, window)
{
	model = model_new(63);
	model->script.has_window = true;
	model_rebuild(model);
	cr_expect_eq(parse_at(WINDOW, 236, 20), 0, "%s", why);
	cr_expect_eq(caps.window, 236);
	finish(model);
}
