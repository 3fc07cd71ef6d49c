/* SPDX-License-Identifier: BSD-3-Clause */
/* Paths on which the two sides meet. */
#include "transport/vhost_endpoint.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include <kickless/driver/clock.h>

#include "spec/status.h"
#include "transport/vhost_user.h"
#include "vhost_fixture.h"

static struct back_end back_end;
static struct kl__transport *transport;

static int open_path(const char *path)
{
	return kl__vhost_user_open(path, &fixture_client, 1, &fixture_memory, &transport);
}

/* A volume of a container lies below a folder whose name alone may be longer than a socket's. */
static void make_long_path(char *path, size_t size)
{
	snprintf(path, size, "%s/%s", back_end.folder,
		"45483214-7a48-4ccd-984e-90eeeb27086e-volumes-kubernetes.io-empty-dir-shared-dir-and-"
		"what-else-a-folder-is-called");
	cr_assert_eq(mkdir(path, 0700), 0);
	strcat(path, "/a3d9ee70c35d-net1");
	cr_assert_gt(strlen(path), 108);
}

/* A device is found by its name: two whose paths only differ far from the end have two names. */
Test(vhost_endpoint, long_paths_with_the_same_end)
{
	char path[2][PATH_MAX], name[2][sizeof(transport->name)], folder[2][64];

	back_end_start(&back_end);
	for (unsigned int i = 0; i < 2; i++) {
		snprintf(folder[i], sizeof(folder[i]), "%s/%u-pods-and-containers", back_end.folder,
			i);
		snprintf(path[i], sizeof(path[i]),
			"%s/volumes-kubernetes.io-empty-dir-shared-sockets-net1", folder[i]);
		cr_assert_eq(mkdir(folder[i], 0700), 0);
		cr_assert_eq(symlink(back_end.path, path[i]), 0);
		cr_assert_eq(open_path(path[i]), 0, "%s", log_text());
		strcpy(name[i], transport->name);
		transport->ops->close(transport);
		cr_assert_eq(unlink(path[i]), 0);
		cr_assert_eq(rmdir(folder[i]), 0);
	}
	cr_expect_str_neq(name[0], name[1]);
	cr_expect(strstr(name[0], "shared-sockets-net1") != NULL, "%s", name[0]);
	back_end_finish(&back_end);
}

Test(vhost_endpoint, a_path_longer_than_a_socket_s)
{
	char path[PATH_MAX], *slash;
	struct stat info;

	back_end_start(&back_end);
	make_long_path(path, sizeof(path));
	cr_assert_eq(symlink(back_end.path, path), 0);
	cr_assert_eq(open_path(path), 0, "%s", log_text());
	cr_expect(strstr(transport->name, "...") != NULL &&
			strstr(transport->name, "a3d9ee70c35d-net1") != NULL,
		"%s", transport->name);
	/* It is found again where it was. */
	back_end_stop(&back_end);
	cr_expect_eq(transport->ops->reconnect(transport), -EAGAIN);
	back_end_serve(&back_end);
	cr_expect_eq(transport->ops->reconnect(transport), 0);
	transport->ops->close(transport);
	cr_assert_eq(unlink(path), 0);
	kl__vhost_connect_timeout_ms = 20;
	cr_expect_eq(kl__vhost_user_open(path, &fixture_server, 1, &fixture_memory, &transport),
		-ETIMEDOUT);
	cr_expect_neq(stat(path, &info), 0, "the file goes with us");
	/* Without its folder it can't be reached. */
	slash = strrchr(path, '/');
	*slash = '\0';
	cr_assert_eq(rmdir(path), 0);
	*slash = '/';
	cr_expect_eq(open_path(path), -ENOENT);
	back_end_finish(&back_end);
}

/* Nobody of this machine has it, and no other group either. */
#define NUMBER 64321

static const struct kl__transport_option *option(const char *key)
{
	const struct kl__transport_option *option = kl__vhost_user_options;

	while (strcmp(option->key, key) != 0)
		option++;
	return option;
}

static bool is_parsed(const char *key, const char *value, struct kl__transport_choice *choice)
{
	*choice = (struct kl__transport_choice){0};
	return option(key)->parse(value, choice);
}

Test(vhost_endpoint, modes)
{
	static const char *const wrong[] = {"", "0", "66", "0444", "0888", "1777", "00660", "rw-",
		"0660 ", "-660", "0x1b0", "660.", "99999999999999999999"};
	struct kl__transport_choice choice;

	cr_expect(is_parsed("mode", "0660", &choice) && choice.has_mode && choice.mode == 0660);
	cr_expect(is_parsed("mode", "660", &choice) && choice.mode == 0660);
	cr_expect(is_parsed("mode", "0777", &choice) && choice.mode == 0777);
	cr_expect(is_parsed("mode", "0002", &choice) && choice.mode == 2);
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_expect_not(is_parsed("mode", wrong[i], &choice), "%s", wrong[i]);
}

Test(vhost_endpoint, groups)
{
	static const char *const wrong[] = {"", "no-such-group", "-1", "+1", "1x", "4294967295",
		"99999999999999999999"};
	struct kl__transport_choice choice;

	cr_expect(is_parsed("group", "root", &choice) && choice.has_group && choice.group == 0);
	cr_expect(is_parsed("group", "64321", &choice) && choice.group == NUMBER);
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_expect_not(is_parsed("group", wrong[i], &choice), "%s", wrong[i]);
}

/* The error of connect, or 0, for another user with this group. */
static int connect_as(gid_t group)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		struct sockaddr_un address = {.sun_family = AF_UNIX};
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		strcpy(address.sun_path, back_end.path);
		if (setgid(group) != 0 || setuid(NUMBER) != 0)
			_exit(200);
		_exit(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno);
	}
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

struct listening {
	struct kl__transport_choice choice;
	mode_t mode;
	gid_t group;
	int other_user, other_in_group; /* errors of connect */
};

/* Whatever the umask is, and root may do all of it. */
static void listen_with(const struct listening *listening)
{
	struct kl__vhost_endpoint endpoint;
	struct stat info;
	mode_t mask;

	back_end_start(&back_end);
	back_end_stop(&back_end);
	cr_assert_eq(chmod(back_end.folder, 0711), 0);
	mask = umask(0077);
	cr_assert_eq(kl__vhost_endpoint_open(&endpoint, "test", back_end.path, &listening->choice),
		0, "%s", log_text());
	umask(mask);
	cr_assert_eq(stat(back_end.path, &info), 0);
	cr_expect_eq(info.st_mode & 07777, listening->mode, "0%o", info.st_mode);
	if (geteuid() == 0) {
		cr_expect_eq(info.st_gid, listening->group, "%u", info.st_gid);
		cr_expect_eq(connect_as(NUMBER + 1), listening->other_user);
		cr_expect_eq(connect_as(NUMBER), listening->other_in_group);
	}
	kl__vhost_endpoint_close(&endpoint);
	cr_expect_neq(stat(back_end.path, &info), 0);
	back_end_serve(&back_end);
	back_end_finish(&back_end);
}

Test(vhost_endpoint, only_this_user_connects)
{
	listen_with(&(struct listening){{.is_server = true}, 0600, getegid(), EACCES, EACCES});
}

Test(vhost_endpoint, everybody_connects)
{
	listen_with(&(struct listening){{.is_server = true, .has_mode = true, .mode = 0666}, 0666,
		getegid(), 0, 0});
}

/* Only root may choose any group; others may choose one of their own. */
Test(vhost_endpoint, a_group_connects)
{
	const struct kl__transport_choice choice = {.is_server = true,
		.has_group = true,
		.group = NUMBER};
	struct kl__vhost_endpoint endpoint;
	struct stat info;

	if (geteuid() == 0) {
		listen_with(&(struct listening){choice, 0660, NUMBER, EACCES, 0});
		return;
	}
	back_end_start(&back_end);
	back_end_stop(&back_end);
	cr_expect_eq(kl__vhost_endpoint_open(&endpoint, "test", back_end.path, &choice), -EPERM);
	cr_expect(logged("can't be given to group 64321"), "%s", log_text());
	cr_expect_neq(stat(back_end.path, &info), 0, "nothing is left");
	back_end_serve(&back_end);
	back_end_finish(&back_end);
}

Test(vhost_endpoint, a_group_that_may_not_connect)
{
	const struct kl__transport_choice choice = {.is_server = true,
		.has_group = true,
		.group = NUMBER,
		.has_mode = true,
		.mode = 0600};

	if (geteuid() == 0)
		listen_with(&(struct listening){choice, 0600, NUMBER, EACCES, EACCES});
}

Test(vhost_endpoint, a_mode_of_no_file)
{
	const struct kl__transport_choice mode = {.has_mode = true, .mode = 0660},
					  group = {.has_group = true};

	back_end_start(&back_end);
	cr_expect_eq(kl__vhost_user_open(back_end.path, &mode, 1, &fixture_memory, &transport),
		-EINVAL);
	cr_expect(logged("mode= is of the socket") && logged("server=1"), "%s", log_text());
	forget_log();
	cr_expect_eq(kl__vhost_user_open(back_end.path, &group, 1, &fixture_memory, &transport),
		-EINVAL);
	cr_expect(logged("group= is of the socket"), "%s", log_text());
	back_end_finish(&back_end);
}

static void ignore_signal(int number)
{
	(void)number;
}

/* A timer that ticks so often; 0: not any more. */
static void tick(unsigned int microseconds)
{
	const struct sigaction action = {.sa_handler = ignore_signal, .sa_flags = SA_RESTART};
	const struct itimerval timer = {{0, microseconds}, {0, microseconds}};

	sigaction(SIGALRM, &action, NULL);
	cr_assert_eq(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

/* As a profiler makes them. */
Test(vhost_endpoint, a_timer_ticks_while_nobody_comes)
{
	uint64_t begin;

	back_end_start(&back_end);
	back_end_stop(&back_end);
	kl__vhost_connect_timeout_ms = 300;
	begin = kl_clock_ms();
	tick(1000);
	cr_expect_eq(kl__vhost_user_open(back_end.path, &fixture_server, 1, &fixture_memory,
			     &transport),
		-ETIMEDOUT);
	tick(0);
	cr_expect_geq(kl_clock_ms() - begin, 300);
	back_end_serve(&back_end);
	back_end_finish(&back_end);
}

static void *interrupt_soon(void *thread)
{
	usleep(50000);
	pthread_kill(*(pthread_t *)thread, SIGINT);
	return NULL;
}

/* As Ctrl-C sends it. */
Test(vhost_endpoint, an_interrupt_ends_the_wait)
{
	const struct sigaction action = {.sa_handler = ignore_signal};
	pthread_t self = pthread_self(), thread;
	uint64_t begin;

	back_end_start(&back_end);
	back_end_stop(&back_end);
	sigaction(SIGINT, &action, NULL);
	begin = kl_clock_ms();
	cr_assert_eq(pthread_create(&thread, NULL, interrupt_soon, &self), 0);
	cr_expect_eq(kl__vhost_user_open(back_end.path, &fixture_server, 1, &fixture_memory,
			     &transport),
		-ETIMEDOUT);
	cr_expect_lt(kl_clock_ms() - begin, 5000);
	pthread_join(thread, NULL);
	back_end_serve(&back_end);
	back_end_finish(&back_end);
}

static void fail_on_signal(int number)
{
	(void)number;
	cr_expect(false, "the program takes it elsewhere");
}

/* As one does that takes signals by signalfd(2), or in another thread. */
Test(vhost_endpoint, a_program_that_blocks_signals)
{
	static const int all[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	const struct sigaction action = {.sa_handler = fail_on_signal};
	sigset_t set;
	uint64_t begin;

	back_end_start(&back_end);
	back_end_stop(&back_end);
	kl__vhost_connect_timeout_ms = 200;
	sigemptyset(&set);
	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		sigaddset(&set, all[i]);
		sigaction(all[i], &action, NULL);
	}
	cr_assert_eq(pthread_sigmask(SIG_BLOCK, &set, NULL), 0);
	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		pthread_kill(pthread_self(), all[i]);
	begin = kl_clock_ms();
	cr_expect_eq(kl__vhost_user_open(back_end.path, &fixture_server, 1, &fixture_memory,
			     &transport),
		-ETIMEDOUT);
	cr_expect_geq(kl_clock_ms() - begin, 200);
	cr_assert_eq(sigpending(&set), 0);
	for (unsigned int i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		cr_expect(sigismember(&set, all[i]), "%d is pending still", all[i]);
	back_end_serve(&back_end);
	back_end_finish(&back_end);
}

/* Each message and each check of the connection. */
Test(vhost_endpoint, a_timer_ticks_during_messages)
{
	back_end_start(&back_end);
	cr_assert_eq(open_path(back_end.path), 0);
	tick(200);
	for (unsigned int i = 0; i < 500; i++) {
		transport->ops->set_status(transport, VIRTIO_STATUS_ACKNOWLEDGE);
		cr_assert_eq(transport->ops->get_status(transport), VIRTIO_STATUS_ACKNOWLEDGE,
			"%u: %s", i, log_text());
		transport->ops->event_take(transport);
	}
	tick(0);
	transport->ops->close(transport);
	back_end_finish(&back_end);
}
