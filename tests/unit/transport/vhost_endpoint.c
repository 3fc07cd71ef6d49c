/* SPDX-License-Identifier: BSD-3-Clause */
/* Paths on which the two sides meet. */
#include "transport/vhost_endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

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
