/* SPDX-License-Identifier: BSD-3-Clause */
#include "transport/vhost_endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <kickless/log.h>

unsigned int kl__vhost_connect_timeout_ms = 60000;

static int new_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

/*
 * The address of a socket. A path that is too long for one, as below the folder of a container's
 * volume, is named by its folder, which is open then in *folder, else -1. 0 or -errno.
 */
static int make_address(const char *path, struct sockaddr_un *address, int *folder)
{
	const char *slash = strrchr(path, '/');
	char above[PATH_MAX];
	int length;

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	*folder = -1;
	if (strlen(path) < sizeof(address->sun_path)) {
		strcpy(address->sun_path, path);
		return 0;
	}
	if (slash == NULL)
		return -ENAMETOOLONG;
	snprintf(above, sizeof(above), "%.*s", (int)(slash - path + 1), path);
	*folder = open(above, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*folder < 0)
		return -errno;
	length = snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%s",
		*folder, slash + 1);
	if ((size_t)length < sizeof(address->sun_path))
		return 0;
	close(*folder);
	return -ENAMETOOLONG;
}

/* connect, or bind, to a path. 0 or -errno. */
static int apply_path(int (*apply)(int fd, const struct sockaddr *address, socklen_t size), int fd,
	const char *path)
{
	struct sockaddr_un address;
	int folder, rc = make_address(path, &address, &folder);

	if (rc == 0 && apply(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		rc = -errno;
	if (folder >= 0)
		close(folder);
	return rc;
}

/* A connected socket, or -errno. A unix socket connects at once or not at all. */
static int connect_to(const char *path)
{
	int fd = new_socket(), rc;

	if (fd < 0)
		return fd;
	rc = apply_path(connect, fd, path);
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

/* Removes what a process that was killed left there. A file that is no socket is left alone. */
static int remove_stale(const char *path)
{
	int fd = connect_to(path);

	if (fd >= 0) {
		close(fd);
		return -EADDRINUSE;
	}
	if (fd == -ECONNREFUSED && unlink(path) == 0)
		return 0;
	return fd == -ENOENT ? 0 : fd;
}

/* chmod(2) of an open file; fchmod(2) does not take one that was opened for its path only. */
static int change_mode(int file, mode_t mode)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	return chmod(path, mode) == 0 ? 0 : -errno;
}

/*
 * Gives the file of a socket, which only its owner may use yet, its group and then its mode. The
 * umask narrows neither. What another process has put in its place meanwhile is left alone.
 */
static int open_to_group(const char *path, const struct kl__transport_choice *choice)
{
	const mode_t mode = choice->has_mode ? choice->mode : 0660;
	int file = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC), rc = 0;
	struct stat info;

	if (file < 0)
		return -errno;
	if (fstat(file, &info) != 0)
		rc = -errno;
	else if (!S_ISSOCK(info.st_mode) || info.st_uid != geteuid())
		rc = -EADDRINUSE;
	else if (choice->has_group &&
		fchownat(file, "", (uid_t)-1, choice->group, AT_EMPTY_PATH) != 0)
		rc = -errno;
	else
		rc = change_mode(file, mode);
	close(file);
	return rc;
}

/* Binds a socket to a path that has no file yet. On failure it has none again. */
static int bind_to(int fd, const char *path, const struct kl__transport_choice *choice)
{
	int rc;

	/* Before it has a name: nobody else may connect at any time. */
	if (fchmod(fd, S_IRUSR | S_IWUSR) != 0)
		return -errno;
	rc = apply_path(bind, fd, path);
	if (rc != 0 || !(choice->has_mode || choice->has_group))
		return rc;
	rc = open_to_group(path, choice);
	if (rc != 0 && rc != -EADDRINUSE)
		unlink(path);
	return rc;
}

static int listen_on(const char *path, const struct kl__transport_choice *choice)
{
	int rc = remove_stale(path), fd;

	if (rc != 0)
		return rc;
	fd = new_socket();
	if (fd < 0)
		return fd;
	rc = bind_to(fd, path, choice);
	if (rc == 0 && listen(fd, 1) == 0)
		return fd;
	if (rc == 0)
		rc = -errno;
	close(fd);
	return rc;
}

/* Logs why nobody can connect to a path. Returns rc. */
static int explain_listening(const char *name, const struct kl__transport_choice *choice, int rc)
{
	if (rc == -EPERM && choice->has_group)
		kl_error(
			"%s: its socket can't be given to group %u: %s; only root may, or a member of "
			"the group",
			name, choice->group, strerror(-rc));
	else
		kl_error("%s: can't listen there: %s; is another process using the path?", name,
			strerror(-rc));
	return rc;
}

int kl__vhost_endpoint_open(struct kl__vhost_endpoint *endpoint, const char *name, const char *path,
	const struct kl__transport_choice *choice)
{
	*endpoint = (struct kl__vhost_endpoint){
		.name = name,
		.listener = -1,
	};
	if (strlen(path) >= sizeof(endpoint->path)) {
		kl_error("%s: the path has %zu bytes; allowed are %zu", name, strlen(path),
			sizeof(endpoint->path) - 1);
		return -ENAMETOOLONG;
	}
	if (!choice->is_server && (choice->has_mode || choice->has_group)) {
		kl_error(
			"%s: %s= is of the socket on which this side listens; with it belongs server=1",
			name, choice->has_mode ? "mode" : "group");
		return -EINVAL;
	}
	strcpy(endpoint->path, path);
	if (!choice->is_server)
		return 0;
	endpoint->listener = listen_on(endpoint->path, choice);
	if (endpoint->listener >= 0)
		return 0;
	return explain_listening(name, choice, endpoint->listener);
}

void kl__vhost_endpoint_close(struct kl__vhost_endpoint *endpoint)
{
	if (endpoint->listener < 0)
		return;
	close(endpoint->listener);
	endpoint->listener = -1;
	unlink(endpoint->path);
}

int kl__vhost_endpoint_connect(struct kl__vhost_endpoint *endpoint)
{
	int fd;

	if (endpoint->listener >= 0)
		fd = accept4(endpoint->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	else
		fd = connect_to(endpoint->path);
	return fd < 0 ? -EAGAIN : fd;
}

/* Between two steps of the wait other signals than those that end a program are delivered. */
#define STEP_MS 100

/*
 * Waits until somebody connects. A signal that ends programs ends the wait, so that a person who
 * waits here for long can stop it; the ticks of a timer do not.
 */
static void wait_for_connection(const struct kl__vhost_endpoint *endpoint)
{
	static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	const struct timespec step = {.tv_nsec = STEP_MS * 1000000};
	struct pollfd pfd = {.fd = endpoint->listener, .events = POLLIN};
	sigset_t own, blocked;
	unsigned int waited = 0;

	/* A program that blocks one of them takes it elsewhere, as by signalfd(2). */
	pthread_sigmask(SIG_BLOCK, NULL, &own);
	sigfillset(&blocked);
	for (unsigned int i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
		if (sigismember(&own, ending[i]) == 0)
			sigdelset(&blocked, ending[i]);
	while (waited < kl__vhost_connect_timeout_ms && ppoll(&pfd, 1, &step, &blocked) == 0)
		waited += STEP_MS;
}

static int await_back_end(struct kl__vhost_endpoint *endpoint)
{
	int fd;

	kl_notice("%s: waiting for a back end to connect, at most %u s", endpoint->name,
		kl__vhost_connect_timeout_ms / 1000);
	wait_for_connection(endpoint);
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
	fd = connect_to(endpoint->path);
	if (fd < 0)
		kl_error("%s: can't connect: %s; is the back end running and listening there?",
			endpoint->name, strerror(-fd));
	return fd;
}
