/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The vhost-user protocol on its socket, as QEMU's docs/interop/vhost-user describes it, version 1.
 */
#ifndef KL_SPEC_VHOST_USER_H
#define KL_SPEC_VHOST_USER_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

enum vhost_user_request {
	VHOST_USER_GET_FEATURES = 1,
	VHOST_USER_SET_FEATURES = 2,
	VHOST_USER_SET_OWNER = 3,
	VHOST_USER_SET_MEM_TABLE = 5,
	VHOST_USER_SET_VRING_NUM = 8,
	VHOST_USER_SET_VRING_ADDR = 9,
	VHOST_USER_SET_VRING_BASE = 10,
	VHOST_USER_GET_VRING_BASE = 11,
	VHOST_USER_SET_VRING_KICK = 12,
	VHOST_USER_SET_VRING_CALL = 13,
	VHOST_USER_GET_PROTOCOL_FEATURES = 15,
	VHOST_USER_SET_PROTOCOL_FEATURES = 16,
	VHOST_USER_GET_QUEUE_NUM = 17,
	VHOST_USER_SET_VRING_ENABLE = 18,
	VHOST_USER_SET_BACKEND_REQ_FD = 21,
	VHOST_USER_GET_CONFIG = 24,
	VHOST_USER_SET_CONFIG = 25,
	VHOST_USER_RESET_DEVICE = 34,
	VHOST_USER_GET_MAX_MEM_SLOTS = 36,
	VHOST_USER_ADD_MEM_REG = 37,
	VHOST_USER_REM_MEM_REG = 38,
	VHOST_USER_SET_STATUS = 39,
	VHOST_USER_GET_STATUS = 40,
};

/* Requests of the back end, on the channel of SET_BACKEND_REQ_FD. */
enum vhost_user_backend_request {
	VHOST_USER_BACKEND_CONFIG_CHANGE_MSG = 2,
};

/* The feature bit that announces protocol features. It is not a virtio feature. */
#define VHOST_USER_F_PROTOCOL_FEATURES 30

#define VHOST_USER_PROTOCOL_F_MQ 0
#define VHOST_USER_PROTOCOL_F_REPLY_ACK 3
#define VHOST_USER_PROTOCOL_F_BACKEND_REQ 5
#define VHOST_USER_PROTOCOL_F_CONFIG 9
#define VHOST_USER_PROTOCOL_F_RESET_DEVICE 13
#define VHOST_USER_PROTOCOL_F_CONFIGURE_MEM_SLOTS 15
#define VHOST_USER_PROTOCOL_F_STATUS 16

#define VHOST_USER_VERSION 1
#define VHOST_USER_VERSION_MASK 3
#define VHOST_USER_REPLY 4
#define VHOST_USER_NEED_REPLY 8

/* In SET_MEM_TABLE; with CONFIGURE_MEM_SLOTS the back end reports how many it supports. */
#define VHOST_USER_MAX_REGIONS 8
#define VHOST_USER_MAX_CONFIG 256

struct vhost_user_header {
	uint32_t request;
	uint32_t flags;
	uint32_t size; /* of the payload */
};
static_assert(sizeof(struct vhost_user_header) == 12, "header");

/*
 * number is a size, a 0 or 1, or where in the ring to start. For a split ring that is the available
 * index; for a packed one the low half is the next available descriptor with its wrap counter in
 * bit 15, and the high half the same of used ones. Both wrap counters start at 1 (2.8.1).
 */
#define VHOST_USER_PACKED_START 0x80008000u

struct vhost_user_vring_state {
	uint32_t index;
	uint32_t number;
};

struct vhost_user_vring_address {
	uint32_t index;
	uint32_t flags;
	uint64_t descriptor;
	uint64_t used;
	uint64_t available;
	uint64_t log;
};
static_assert(sizeof(struct vhost_user_vring_address) == 40, "vring address");

struct vhost_user_region {
	uint64_t guest_address;
	uint64_t size;
	uint64_t user_address;
	uint64_t file_offset;
};

struct vhost_user_memory {
	uint32_t count;
	uint32_t padding;
	struct vhost_user_region region[VHOST_USER_MAX_REGIONS];
};
static_assert(offsetof(struct vhost_user_memory, region) == 8, "memory table");

/* ADD_MEM_REG, REM_MEM_REG */
struct vhost_user_single_region {
	uint64_t padding;
	struct vhost_user_region region;
};
static_assert(sizeof(struct vhost_user_single_region) == 40, "single region");

struct vhost_user_config {
	uint32_t offset;
	uint32_t size;
	uint32_t flags;
	uint8_t bytes[VHOST_USER_MAX_CONFIG];
};
static_assert(offsetof(struct vhost_user_config, bytes) == 12, "config");

union vhost_user_payload {
	uint64_t value;
	struct vhost_user_vring_state state;
	struct vhost_user_vring_address address;
	struct vhost_user_memory memory;
	struct vhost_user_single_region single;
	struct vhost_user_config config;
};

#endif
