/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/vhost_endpoint.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kickless/log.h>

unsigned int kl__vhost_connect_timeout_ms = 60000;

static int new_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

/* A connected socket, or -errno. A unix socket connects at once or not at all. */
static int connect_to(const struct sockaddr_un *address)
{
	int fd = new_socket(), rc;

	if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

/* Removes what a process that was killed left there. A file that is no socket is left alone. */
static int remove_stale(const struct sockaddr_un *address)
{
	int fd = connect_to(address);

	if (fd >= 0) {
		close(fd);
		return -EADDRINUSE;
	}
	if (fd == -ECONNREFUSED && unlink(address->sun_path) == 0)
		return 0;
	return fd == -ENOENT ? 0 : fd;
}

static int listen_on(const struct sockaddr_un *address)
{
	int rc = remove_stale(address), fd;

	if (rc != 0)
		return rc;
	fd = new_socket();
	if (fd < 0)
		return fd;
	/* Before it has a name: nobody else may connect at any time. */
	if (fchmod(fd, S_IRUSR | S_IWUSR) == 0 &&
		bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 &&
		listen(fd, 1) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

int kl__vhost_endpoint_open(struct kl__vhost_endpoint *endpoint, const char *name, const char *path,
	bool is_server)
{
	*endpoint = (struct kl__vhost_endpoint){
		.name = name,
		.address = {.sun_family = AF_UNIX},
		.listener = -1,
	};
	if (strlen(path) >= sizeof(endpoint->address.sun_path)) {
		kl_error("%s: the path has %zu bytes; a unix socket's may have %zu", name,
			strlen(path), sizeof(endpoint->address.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(endpoint->address.sun_path, path);
	if (!is_server)
		return 0;
	endpoint->listener = listen_on(&endpoint->address);
	if (endpoint->listener >= 0)
		return 0;
	kl_error("%s: can't listen there: %s; is another process using the path?", name,
		strerror(-endpoint->listener));
	return endpoint->listener;
}

void kl__vhost_endpoint_close(struct kl__vhost_endpoint *endpoint)
{
	if (endpoint->listener < 0)
		return;
	close(endpoint->listener);
	endpoint->listener = -1;
	unlink(endpoint->address.sun_path);
}

int kl__vhost_endpoint_connect(struct kl__vhost_endpoint *endpoint)
{
	int fd;

	if (endpoint->listener >= 0)
		fd = accept4(endpoint->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	else
		fd = connect_to(&endpoint->address);
	return fd < 0 ? -EAGAIN : fd;
}

static int await_back_end(struct kl__vhost_endpoint *endpoint)
{
	struct pollfd pfd = {.fd = endpoint->listener, .events = POLLIN};
	int fd;

	kl_notice("%s: waiting for a back end to connect, at most %u s", endpoint->name,
		kl__vhost_connect_timeout_ms / 1000);
	/* A signal ends the wait, so that a person who waits here for long can stop it. */
	(void)poll(&pfd, 1, (int)kl__vhost_connect_timeout_ms);
	fd = kl__vhost_endpoint_connect(endpoint);
	if (fd >= 0)
		return fd;
	kl_error("%s: no back end has connected", endpoint->name);
	return -ETIMEDOUT;
}

int kl__vhost_endpoint_connect_first(struct kl__vhost_endpoint *endpoint)
{
	int fd;

	if (endpoint->listener >= 0)
		return await_back_end(endpoint);
	fd = connect_to(&endpoint->address);
	if (fd < 0)
		kl_error("%s: can't connect: %s; is the back end running and listening there?",
			endpoint->name, strerror(-fd));
	return fd;
}
