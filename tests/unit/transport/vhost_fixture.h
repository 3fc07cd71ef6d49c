/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A vhost-user back end in a thread. It replies correctly, but for one malformed reply that a test
 * may request. It keeps what it received, and does nothing with it.
 */
#ifndef UNIT_VHOST_FIXTURE_H
#define UNIT_VHOST_FIXTURE_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "finish.h"
#include "spec/vhost_user.h"
#include "contract/transport.h"
#include "contract/shared_memory.h"

#define FIXTURE_PROTOCOL_BIT (UINT64_C(1) << VHOST_USER_F_PROTOCOL_FEATURES)
#define FIXTURE_VERSION_1 (UINT64_C(1) << 32)
#define FIXTURE_PACKED (UINT64_C(1) << 34)

enum reply_fault {
	REPLY_CORRECT,
	REPLY_OTHER_REQUEST, /* a reply to another request */
	REPLY_SHORT, /* a header with a smaller size, and as many bytes */
	REPLY_LONG,
	REPLY_HUGE, /* 4 GiB less one */
	REPLY_EMPTY,
	REPLY_TORN, /* the header, half of the payload, then the end */
	REPLY_NO_REPLY_FLAG,
	REPLY_VERSION,
	REPLY_WITH_FD,
	REPLY_REFUSE, /* an acknowledgement other than 0 */
	REPLY_HANG_UP,
	REPLY_SILENCE,
};

struct seen {
	uint32_t request;
	uint32_t size;
	unsigned int fds;
	union vhost_user_payload payload;
};

struct back_end {
	/* Constant while it serves. */
	uint64_t features, protocol, queues, slots;
	uint8_t config[60];
	/* After so many readings of config, not counting from 0, it is that. */
	unsigned int readings_left;
	uint8_t next_config[60];
	enum reply_fault fault;
	uint32_t fault_request; /* the request */
	/*
	 * Keeps its end of the connection open until it is stopped, whatever the other side does.
	 */
	bool holds_connection;

	char folder[32], path[64];
	int listener, connection, stop[2];
	bool is_client;
	int received_fd; /* with the message that is being read; -1: none */
	pthread_t thread;
	pthread_mutex_t lock;
	/* Under lock. */
	struct seen seen[256];
	unsigned int count;
	uint64_t accepted, status;
	unsigned int connections;
	int channel; /* the end that was sent with SET_BACKEND_REQ_FD; -1: none */
};

/* This side connects, or listens. Its timeout fails a test that waits in vain. */
extern const struct kl__transport_choice fixture_client, fixture_server;

/* Offers everything, has 4 queues, and serves path. */
void back_end_start(struct back_end *back_end);
/* The same as given, with path from an earlier start. */
void back_end_serve(struct back_end *back_end);
/* Connects to path, where somebody listens, within 5 s. */
void back_end_connect(struct back_end *back_end);
/* Hangs up, and is not there any more. */
void back_end_stop(struct back_end *back_end);
/* Stops, and removes its folder. */
void back_end_finish(struct back_end *back_end);

/* Number of messages of request that came; the last one's contents unless seen is NULL. */
unsigned int back_end_saw(struct back_end *back_end, uint32_t request, struct seen *seen);
void back_end_forget(struct back_end *back_end);
/*
 * Sends a request on the channel, with size bytes of zeros or a file descriptor; the flags are
 * those of version 1, and what is added. Then its answer within 5 s, -1 for none.
 */
void back_end_request(struct back_end *back_end, uint32_t request, uint32_t flags, uint32_t size);
void back_end_request_with_fd(struct back_end *back_end, uint32_t request, uint32_t flags);
int64_t back_end_answer(struct back_end *back_end, uint32_t request);
/* Sends bytes on the channel. Returns the result of send. */
ssize_t back_end_send(struct back_end *back_end, const void *bytes, size_t size);
/* True when our end of the channel is closed, or becomes so within 5 s. */
bool back_end_channel_ends(struct back_end *back_end);

/* Sends one byte that is no answer. */
void back_end_send_unasked(struct back_end *back_end);

/* Number of files that this process has open. */
unsigned int open_files(void);

/* Memory: one file, whose regions a test may set; memory_change reports changes. */
extern struct kl__shared_memory fixture_memory;
extern struct kl__shared_region fixture_regions[KL__SHARED_REGIONS_MAX];
extern int fixture_region_count;
void fixture_memory_set(unsigned int count);
int fixture_memory_change(void);

#endif
