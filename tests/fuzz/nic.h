/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A NIC whose features, configuration, packets and answers come from the input, behind the
 * transport contract. Its rings are split. It writes anything, wherever the driver set an address.
 */
#ifndef FUZZ_NIC_H
#define FUZZ_NIC_H

#include <kickless/net.h>

#include "core/device.h"
#include "host.h"
#include "input.h"

#define QUEUES 5 /* two pairs and the control queue, wherever the driver has it */

struct nic {
	struct kl__transport transport;
	struct fuzz_host host;
	struct input input;
	struct kl_features offered;
	struct kl__queue_setup queue[QUEUES];
	bool is_enabled[QUEUES];
	uint16_t used[QUEUES];
	uint8_t config[28];
	uint8_t status;

	/* The driver's side. */
	struct kl_device *device;
	struct kl_net *net;
};

void nic_make(struct nic *nic, const uint8_t *bytes, size_t size);
/* Frees what the driver did not free. */
void nic_free(struct nic *nic);

/* Fills the next buffers of a queue with bytes of the input, and uses them. */
void nic_serve(struct nic *nic, unsigned int queue);
/* Writes a byte of the input anywhere in a queue's rings. */
void nic_scribble(struct nic *nic, unsigned int queue);

#endif
