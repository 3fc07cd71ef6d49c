/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hostile net|blk SOCKET split|packed [in_order]
 *
 * Serves drivers that connect to SOCKET, one after the other, and reads commands from stdin; each
 * is answered by one line:
 *	lie NAME RING AFTER	tells that lie at the completion after AFTER honest ones of RING
 *	stat			counters, as NAME=VALUE words
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

static struct back_end back_end;

bool back_end_fill(struct back_end *b, struct ring *ring)
{
	if (!ring->runs || ring->is_deaf || ring->is_silent)
		return false;
	if (!ring_fill(ring, vhost_guest_memory, b)) {
		b->faults += !ring->is_spoilt;
		ring->runs = false;
		return false;
	}
	ring_wish(ring);
	return true;
}

bool back_end_is_due(const struct back_end *b, const struct ring *ring, const char *name)
{
	return b->lie != NULL && b->lie_ring == ring && b->lie_after == 0 &&
		strcmp(b->lie->name, name) == 0;
}

void back_end_complete(struct back_end *b, struct ring *ring, struct chain *chain, uint32_t length)
{
	const struct lie *lie = b->lie;

	if (lie == NULL || b->lie_ring != ring || b->lie_after > 0 || ring->count < lie->more) {
		b->lie_after -= lie != NULL && b->lie_ring == ring && b->lie_after > 0;
		ring_complete(ring, chain, length);
	} else {
		b->lie = NULL;
		b->told++;
		b->fresh = 0;
		b->mark = b->sent;
		b->told_at = clock_us();
		b->recovered_us = 0;
		ring->is_spoilt = true;
		lie->tell(b, ring, chain, length);
	}
	ring_call(ring);
}

void back_end_tell_later(struct back_end *b, const char *name)
{
	b->lie = lie_find(name);
	b->told--;
}

void back_end_count_fresh(struct back_end *b)
{
	if (++b->fresh == FRESH_ENOUGH)
		b->recovered_us = clock_us() - b->told_at;
}

static void order_lie(char *words)
{
	const char *name = strtok(words, " "), *number = strtok(NULL, " "),
		   *after = strtok(NULL, " ");
	const struct lie *lie = name != NULL ? lie_find(name) : NULL;
	unsigned int ring = number != NULL ? (unsigned int)atoi(number) : RINGS;

	if (lie == NULL || ring >= back_end.device->rings || after == NULL) {
		printf("error: no such lie, or ring\n");
		return;
	}
	back_end.lie = lie;
	back_end.lie_ring = &back_end.ring[ring];
	back_end.lie_after = (unsigned int)atoi(after);
	printf("ok\n");
}

static void report(void)
{
	const struct {
		const char *name;
		uint64_t value;
	} fields[] = {
		{"told", back_end.told},
		{"starts", back_end.starts},
		{"connections", back_end.connections},
		{"sent", back_end.sent},
		{"good", back_end.good},
		{"fresh", back_end.fresh},
		{"wrong", back_end.wrong},
		{"faults", back_end.faults},
		{"recovered_us", back_end.recovered_us},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		printf("%s%s=%" PRIu64, i > 0 ? " " : "", fields[i].name, fields[i].value);
	printf("\n");
}

static void command(char *line)
{
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "lie ", 4) == 0)
		order_lie(line + 4);
	else if (strcmp(line, "stat") == 0)
		report();
	else
		printf("error: no such command\n");
}

/* False at its end. */
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
		command(text);
		have -= (size_t)(end + 1 - text);
		memmove(text, end + 1, have + 1);
	}
	return true;
}

static void hear_doorbell(struct ring *ring)
{
	uint64_t count;

	if (read(ring->kick, &count, sizeof(count)) < 0)
		return;
	if (clock_us() >= ring->drops_until)
		ring->is_deaf = false;
}

static void run(void)
{
	struct pollfd fds[3 + RINGS];

	for (;;) {
		fds[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
		fds[1] = (struct pollfd){.fd = back_end.listener, .events = POLLIN};
		/* One who does not listen still notices a hang-up. */
		fds[2] = (struct pollfd){.fd = back_end.connection,
			.events = back_end.is_mute ? POLLRDHUP : POLLIN};
		for (unsigned int i = 0; i < RINGS; i++)
			fds[3 + i] = (struct pollfd){.fd = back_end.ring[i].runs ?
					back_end.ring[i].kick :
					-1,
				.events = POLLIN};
		if (poll(fds, 3 + RINGS, 1) < 0)
			return;
		for (unsigned int i = 0; i < RINGS; i++)
			if ((fds[3 + i].revents & POLLIN) != 0)
				hear_doorbell(&back_end.ring[i]);
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

int main(int argc, char **argv)
{
	if (argc < 4 || (strcmp(argv[1], "net") != 0 && strcmp(argv[1], "blk") != 0)) {
		fprintf(stderr, "Usage: hostile net|blk SOCKET split|packed [in_order]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	back_end.device = strcmp(argv[1], "net") == 0 ? &net_device : &blk_device;
	back_end.features = back_end.device->features | 1ull << 32 |
		1ull << VIRTIO_RING_F_EVENT_IDX | 1ull << VIRTIO_RING_F_INDIRECT_DESC |
		(strcmp(argv[3], "packed") == 0 ? 1ull << 34 : 0) | (argc > 4 ? 1ull << 35 : 0);
	back_end.connection = -1;
	for (unsigned int i = 0; i < RINGS; i++)
		back_end.ring[i].kick = back_end.ring[i].call = -1;
	back_end.listener = listen_on(argv[2]);
	if (back_end.listener < 0) {
		perror(argv[2]);
		return 1;
	}
	printf("ready\n");
	run();
	return 0;
}
