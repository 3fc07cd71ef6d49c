/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hostile_backend net|blk SOCKET split|packed [in_order] [merged]
 *
 * Serves drivers that connect to SOCKET, one after the other, and reads commands from stdin. Each
 * command is answered by one line:
 *	misbehave NAME RING AFTER	misbehaves so at the completion after AFTER correct ones
 *					of RING
 *	overwrite SEED WAYS		overwrites all memory that it was given, see overwrite.h,
 *					and serves as well as that allows
 *	honest				ends that, closes the connection and serves the next one
 *	last				what was overwritten last
 *	search PID			see search.h
 *	stat				counters, as NAME=VALUE words
 * Ends with its stdin.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "back_end.h"
#include "overwrite.h"
#include "search.h"

static struct back_end back_end;

bool back_end_fill(struct back_end *b, struct ring *ring)
{
	bool is_valid;

	if (!ring->runs || ring->waits_for_doorbell || ring->ignores_buffers)
		return false;
	is_valid = ring_fill(ring, vhost_guest_memory, b);
	if (!is_valid && overwrite_is_on()) {
		ring_skip(ring);
	} else if (!is_valid) {
		b->faults += !ring->is_overwritten;
		ring->runs = false;
		return false;
	}
	ring_request_kicks(ring);
	return true;
}

bool back_end_is_due(const struct back_end *b, const struct ring *ring, const char *name)
{
	return b->misbehaviour != NULL && b->misbehaviour_ring == ring &&
		b->misbehaviour_after == 0 && strcmp(b->misbehaviour->name, name) == 0;
}

void back_end_complete(struct back_end *b, struct ring *ring, struct chain *chain, uint32_t length)
{
	const struct misbehaviour *misbehaviour = b->misbehaviour;

	if (misbehaviour == NULL || b->misbehaviour_ring != ring || b->misbehaviour_after > 0 ||
		ring->count < misbehaviour->more) {
		b->misbehaviour_after -= misbehaviour != NULL && b->misbehaviour_ring == ring &&
			b->misbehaviour_after > 0;
		ring_complete(ring, chain, length);
	} else {
		b->misbehaviour = NULL;
		b->performed++;
		b->fresh = 0;
		b->mark = b->sent;
		b->performed_at = clock_us();
		b->recovered_us = 0;
		ring->is_overwritten = true;
		misbehaviour->perform(b, ring, chain, length);
	}
	for (unsigned int i = 0; i < chain->segments; i++)
		overwrite_note_buffer(chain->segment[i].at);
	ring_call(ring);
}

void back_end_postpone(struct back_end *b, const char *name)
{
	b->misbehaviour = misbehaviour_find(name);
	b->performed--;
}

void back_end_count_fresh(struct back_end *b)
{
	if (++b->fresh == FRESH_ENOUGH)
		b->recovered_us = clock_us() - b->performed_at;
}

static void schedule_misbehaviour(char *words)
{
	const char *name = strtok(words, " "), *number = strtok(NULL, " "),
		   *after = strtok(NULL, " ");
	const struct misbehaviour *misbehaviour = name != NULL ? misbehaviour_find(name) : NULL;
	unsigned int ring = number != NULL ? (unsigned int)atoi(number) : RINGS;

	if (misbehaviour == NULL || ring >= back_end.device->rings || after == NULL) {
		printf("error: no such misbehaviour, or no such ring\n");
		return;
	}
	back_end.misbehaviour = misbehaviour;
	back_end.misbehaviour_ring = &back_end.ring[ring];
	back_end.misbehaviour_after = (unsigned int)atoi(after);
	printf("ok\n");
}

static void begin_overwriting(char *words)
{
	const char *seed = strtok(words, " "), *ways = strtok(NULL, " ");

	if (seed == NULL || ways == NULL ||
		!overwrite_begin(&back_end, strtoull(seed, NULL, 0), ways))
		printf("error: no number, or no such way\n");
	else
		printf("ok\n");
}

/*
 * Nothing in the rings can be relied upon, which a device reports by DEVICE_NEEDS_RESET. A
 * vhost-user back end closes the connection.
 */
static void turn_honest(void)
{
	overwrite_end(&back_end);
	vhost_hang_up(&back_end);
	back_end.performed++;
	back_end.performed_at = clock_us();
	back_end.recovered_us = 0;
	back_end.fresh = 0;
	back_end.mark = back_end.sent;
	printf("ok\n");
}

static void print_counters(void)
{
	const struct {
		const char *name;
		uint64_t value;
	} fields[] = {
		{"performed", back_end.performed},
		{"starts", back_end.starts},
		{"connections", back_end.connections},
		{"sent", back_end.sent},
		{"good", back_end.good},
		{"fresh", back_end.fresh},
		{"wrong", back_end.wrong},
		{"faults", back_end.faults},
		{"recovered_us", back_end.recovered_us},
		{"overwritten", overwrite_count()},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		printf("%s%s=%" PRIu64, i > 0 ? " " : "", fields[i].name, fields[i].value);
	printf("\n");
}

static void run_command(char *line)
{
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "misbehave ", 10) == 0)
		schedule_misbehaviour(line + 10);
	else if (strncmp(line, "overwrite ", 10) == 0)
		begin_overwriting(line + 10);
	else if (strcmp(line, "honest") == 0)
		turn_honest();
	else if (strcmp(line, "last") == 0)
		overwrite_print_last();
	else if (strncmp(line, "search ", 7) == 0)
		search_pointers(&back_end, atoi(line + 7));
	else if (strcmp(line, "stat") == 0)
		print_counters();
	else
		printf("error: no such command\n");
}

/* False at the end of stdin. */
static bool read_commands(void)
{
	static char text[256];
	static size_t have;
	ssize_t got = read(STDIN_FILENO, text + have, sizeof(text) - 1 - have);
	char *end;

	if (got <= 0)
		return false;
	have += (size_t)got;
	text[have] = '\0';
	while ((end = strchr(text, '\n')) != NULL) {
		*end = '\0';
		run_command(text);
		have -= (size_t)(end + 1 - text);
		memmove(text, end + 1, have + 1);
	}
	return true;
}

static void read_doorbell(struct ring *ring)
{
	uint64_t count;

	if (read(ring->kick, &count, sizeof(count)) < 0)
		return;
	if (clock_us() >= ring->drops_until)
		ring->waits_for_doorbell = false;
}

static void serve_drivers(void)
{
	struct pollfd fds[3 + RINGS];

	for (;;) {
		fds[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
		fds[1] = (struct pollfd){.fd = back_end.listener, .events = POLLIN};
		/*
		 * A back end that ignores messages also ignores that no more will come; it notices
		 * that the other process has gone.
		 */
		fds[2] = (struct pollfd){.fd = back_end.connection,
			.events = back_end.ignores_messages ? 0 : POLLIN};
		for (unsigned int i = 0; i < RINGS; i++)
			fds[3 + i] = (struct pollfd){.fd = back_end.ring[i].runs ?
					back_end.ring[i].kick :
					-1,
				.events = POLLIN};
		if (poll(fds, 3 + RINGS, 1) < 0)
			return;
		for (unsigned int i = 0; i < RINGS; i++)
			if ((fds[3 + i].revents & POLLIN) != 0)
				read_doorbell(&back_end.ring[i]);
		if (fds[0].revents != 0 && !read_commands())
			return;
		if (fds[2].revents != 0)
			vhost_serve(&back_end);
		if (fds[1].revents != 0)
			vhost_accept(&back_end);
		back_end.device->serve(&back_end);
	}
}

static int listen_on(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		return -1;
	strcpy(address.sun_path, path);
	unlink(path);
	if (fd < 0 || fchmod(fd, S_IRUSR | S_IWUSR) != 0 ||
		bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
		listen(fd, 1) != 0)
		return -1;
	return fd;
}

static bool has_word(char **words, const char *word)
{
	while (*words != NULL && strcmp(*words, word) != 0)
		words++;
	return *words != NULL;
}

int main(int argc, char **argv)
{
	if (argc < 4 || (strcmp(argv[1], "net") != 0 && strcmp(argv[1], "blk") != 0)) {
		fprintf(stderr,
			"Usage: hostile_backend net|blk SOCKET split|packed [in_order] [merged]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	back_end.device = strcmp(argv[1], "net") == 0 ? &net_device : &blk_device;
	back_end.features = back_end.device->features | 1ull << 32 |
		1ull << VIRTIO_RING_F_EVENT_IDX | 1ull << VIRTIO_RING_F_INDIRECT_DESC |
		(strcmp(argv[3], "packed") == 0 ? 1ull << 34 : 0) |
		(has_word(argv + 4, "in_order") ? 1ull << 35 : 0);
	back_end.spreads_frames = has_word(argv + 4, "merged");
	back_end.connection = -1;
	for (unsigned int i = 0; i < RINGS; i++)
		back_end.ring[i].kick = back_end.ring[i].call = -1;
	back_end.listener = listen_on(argv[2]);
	if (back_end.listener < 0) {
		perror(argv[2]);
		return 1;
	}
	printf("ready\n");
	serve_drivers();
	return 0;
}
