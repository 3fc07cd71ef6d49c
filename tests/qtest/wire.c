/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* QEMU answers in microseconds; one that does not is taken for dead. */
#define TIMEOUT_S 20
#define LINE_BYTES 128

struct qtest_wire {
	int fd;
	bool is_gone;
	pthread_mutex_t lock;
};

static int connect_to(const char *path)
{
	const struct timeval timeout = {.tv_sec = TIMEOUT_S};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, rc;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) == 0 &&
		connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

int qtest_wire_open(const char *path, struct qtest_wire **result)
{
	struct qtest_wire *wire = calloc(1, sizeof(*wire));

	if (wire == NULL)
		return -ENOMEM;
	wire->fd = connect_to(path);
	if (wire->fd < 0) {
		int rc = wire->fd;

		free(wire);
		return rc;
	}
	pthread_mutex_init(&wire->lock, NULL);
	*result = wire;
	return 0;
}

void qtest_wire_close(struct qtest_wire *wire)
{
	close(wire->fd);
	pthread_mutex_destroy(&wire->lock);
	free(wire);
}

static bool receive_line(int fd, char *line)
{
	size_t length = 0;

	while (length < LINE_BYTES - 1) {
		ssize_t got = recv(fd, line + length, LINE_BYTES - 1 - length, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		length += (size_t)got;
		line[length] = '\0';
		if (line[length - 1] == '\n')
			return true;
	}
	return false;
}

/* Sends line and puts the answer into it; "OK" and perhaps a value is the only good one. */
static bool exchange(struct qtest_wire *wire, char *line)
{
	size_t length = strlen(line);

	if (wire->is_gone)
		return false;
	wire->is_gone = send(wire->fd, line, length, MSG_NOSIGNAL) != (ssize_t)length ||
		!receive_line(wire->fd, line);
	if (!wire->is_gone && strncmp(line, "OK", 2) == 0)
		return true;
	fprintf(stderr, "qtest: QEMU %s%s\n",
		wire->is_gone ? "has closed the connection" : "answered ",
		wire->is_gone ? "" : line);
	wire->is_gone = true;
	return false;
}

static uint32_t all_ones(unsigned int width)
{
	return width == 4 ? UINT32_MAX : (1u << (8 * width)) - 1;
}

/* "b", "w" or "l": what the protocol's verbs end with. */
static char suffix(unsigned int width)
{
	return width == 1 ? 'b' : width == 2 ? 'w' : 'l';
}

static uint32_t get(struct qtest_wire *wire, const char *verb, uint64_t address, unsigned int width)
{
	uint32_t value = all_ones(width);
	char line[LINE_BYTES];

	snprintf(line, sizeof(line), "%s%c 0x%llx\n", verb, suffix(width),
		(unsigned long long)address);
	pthread_mutex_lock(&wire->lock);
	if (exchange(wire, line))
		value = (uint32_t)strtoull(line + 2, NULL, 0);
	pthread_mutex_unlock(&wire->lock);
	return value;
}

static void put(struct qtest_wire *wire, const char *verb, uint64_t address, unsigned int width,
	uint32_t value)
{
	char line[LINE_BYTES];

	snprintf(line, sizeof(line), "%s%c 0x%llx 0x%x\n", verb, suffix(width),
		(unsigned long long)address, value);
	pthread_mutex_lock(&wire->lock);
	exchange(wire, line);
	pthread_mutex_unlock(&wire->lock);
}

uint32_t qtest_in(struct qtest_wire *wire, uint16_t port, unsigned int width)
{
	return get(wire, "in", port, width);
}

void qtest_out(struct qtest_wire *wire, uint16_t port, unsigned int width, uint32_t value)
{
	put(wire, "out", port, width, value);
}

uint32_t qtest_read(struct qtest_wire *wire, uint64_t address, unsigned int width)
{
	return get(wire, "read", address, width);
}

void qtest_write(struct qtest_wire *wire, uint64_t address, unsigned int width, uint32_t value)
{
	put(wire, "write", address, width, value);
}
