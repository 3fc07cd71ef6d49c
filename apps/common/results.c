/* SPDX-License-Identifier: BSD-3-Clause */
#include "results.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include <kickless/text.h>

#include "message.h"

#define FORMAT (JSON_INDENT(2) | JSON_REAL_PRECISION(12))

json_t *json_text(const char *text)
{
	const size_t bytes = KL_TEXT_BYTES(strlen(text));
	char *escaped = malloc(bytes);
	json_t *json;

	if (escaped == NULL)
		return NULL;
	json = json_string(kl_text_escape(text, strlen(text), "", escaped, bytes));
	free(escaped);
	return json;
}

static int refuse_for(const struct results *results, const char *reason)
{
	print_error("can't write results to %s: %s",
		results->path[0] != '\0' ? results->path : "\"\"", reason);
	return -EIO;
}

static int refuse(const struct results *results)
{
	return refuse_for(results, strerror(errno));
}

static int take_stdout(struct results *results)
{
	const int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (fd < 0)
		return refuse(results);
	fflush(stdout);
	results->stream = fdopen(fd, "w");
	if (results->stream == NULL)
		return refuse(results);
	/* Without a stderr there is nobody to read the rest. */
	if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0 && freopen("/dev/null", "w", stdout) == NULL)
		return refuse(results);
	return 0;
}

/* Opens what is written in place, and not emptied before the end. */
static int open_stream(struct results *results, int flags)
{
	int fd = open(results->path, O_WRONLY | O_CLOEXEC | flags, 0666);

	/* The number of a stdout that is closed would get what is printed. */
	if (fd >= 0 && fd <= STDERR_FILENO) {
		const int low = fd;

		fd = fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		close(low);
	}
	results->stream = fd >= 0 ? fdopen(fd, "w") : NULL;
	return results->stream != NULL ? 0 : refuse(results);
}

static bool is_same_file(const struct stat *status, int fd)
{
	struct stat other;

	return fstat(fd, &other) == 0 && other.st_dev == status->st_dev &&
		other.st_ino == status->st_ino;
}

/* Joins a regular file that stdout or stderr writes already, such as /dev/stdout: behind that. */
static int share_stream(struct results *results, int fd)
{
	const int copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	results->is_shared = true;
	results->stream = copy >= 0 ? fdopen(copy, "w") : NULL;
	return results->stream != NULL ? 0 : refuse(results);
}

/*
 * Makes a file beside the target, which gets its name from path and a suffix. A name that leaves no
 * room for the suffix is shortened. Returns its descriptor, and its name in *temporary, or -1.
 */
static int make_temporary(const char *target, char **temporary)
{
	static const char suffix[] = ".XXXXXX";
	const char *slash = strrchr(target, '/');
	const size_t folder = slash != NULL ? (size_t)(slash + 1 - target) : 0;
	size_t length = strlen(target);
	int fd;

	if (length - folder > NAME_MAX - (sizeof(suffix) - 1))
		length = folder + NAME_MAX - (sizeof(suffix) - 1);
	*temporary = malloc(length + sizeof(suffix));
	if (*temporary == NULL)
		return -1;
	memcpy(*temporary, target, length);
	memcpy(*temporary + length, suffix, sizeof(suffix));
	fd = mkostemp(*temporary, O_CLOEXEC);
	if (fd < 0) {
		free(*temporary);
		*temporary = NULL;
	}
	return fd;
}

/* Tries it. The file is made once more at the end, so that a program that is killed leaves none. */
static bool can_create_beside(const char *target)
{
	char *temporary;
	const int fd = make_temporary(target, &temporary);

	if (fd < 0)
		return false;
	close(fd);
	unlink(temporary);
	free(temporary);
	return true;
}

/* A new file, or what a link to none leads to. */
static int begin_new(struct results *results)
{
	struct stat status;

	/* A link stays. */
	if (lstat(results->path, &status) == 0 || !can_create_beside(results->path))
		return open_stream(results, O_CREAT);
	results->target = strdup(results->path);
	return results->target != NULL ? 0 : refuse(results);
}

/* False where a rename is not possible, or would leave another name with the old text. */
static bool can_replace(const char *target, const struct stat *status)
{
	return S_ISREG(status->st_mode) && status->st_nlink == 1 && can_create_beside(target);
}

/* Something that is there. It is open from here on, to be written in place if need be. */
static int begin_existing(struct results *results, const struct stat *status)
{
	char *target;
	int rc;

	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		if (S_ISREG(status->st_mode) && is_same_file(status, fd))
			return share_stream(results, fd);
	rc = open_stream(results, 0);
	if (rc != 0)
		return rc;
	/* A link stays, and what it leads to is replaced. */
	target = realpath(results->path, NULL);
	if (target != NULL && can_replace(target, status))
		results->target = target;
	else
		free(target);
	return 0;
}

int results_open(struct results *results, const char *path)
{
	struct stat status;

	*results = (struct results){.path = path};
	if (path == NULL)
		return 0;
	if (strcmp(path, "-") == 0)
		return take_stdout(results);
	if (path[0] == '\0')
		return refuse_for(results,
			"the name is empty; allowed: that of a file, or - for stdout");
	if (path[strlen(path) - 1] == '/')
		return refuse_for(results,
			"it is a folder; allowed: the name of a file, or - for stdout");
	if (stat(path, &status) == 0)
		return begin_existing(results, &status);
	return errno == ENOENT ? begin_new(results) : refuse(results);
}

static int dump_object(const json_t *object, FILE *stream, bool is_shared)
{
	struct stat status;

	errno = EIO;
	if (!is_shared && fstat(fileno(stream), &status) == 0 && S_ISREG(status.st_mode) &&
		ftruncate(fileno(stream), 0) != 0)
		return -EIO;
	if (json_dumpf(object, stream, FORMAT) != 0 || fputc('\n', stream) == EOF ||
		fflush(stream) != 0)
		return -EIO;
	return 0;
}

/*
 * Gives the new file the owner and rights of the old one, or the rights that any new file gets.
 * Returns false when it can't have that owner.
 */
static bool copy_rights(const char *target, int fd)
{
	const mode_t mask = umask(0);
	struct stat old, new;

	umask(mask);
	if (stat(target, &old) != 0)
		return fchmod(fd, 0666 & ~mask) == 0;
	if (fstat(fd, &new) != 0)
		return false;
	if ((old.st_uid != new.st_uid || old.st_gid != new.st_gid) &&
		fchown(fd, old.st_uid, old.st_gid) != 0)
		return false;
	return fchmod(fd, old.st_mode & 0777) == 0;
}

enum replacement {
	REPLACED,
	NOT_REPLACEABLE, /* the target has to be written in place */
	NOT_WRITTEN, /* such as on a full disk */
};

static enum replacement write_temporary(const json_t *object, const char *target,
	const char *temporary, int fd)
{
	const bool has_rights = copy_rights(target, fd);
	FILE *stream = fdopen(fd, "w");
	int rc;

	if (stream == NULL) {
		close(fd);
		return NOT_WRITTEN;
	}
	if (!has_rights) {
		fclose(stream);
		return NOT_REPLACEABLE;
	}
	rc = dump_object(object, stream, false);
	if (fclose(stream) != 0 || rc != 0)
		return NOT_WRITTEN;
	return rename(temporary, target) == 0 ? REPLACED : NOT_REPLACEABLE;
}

static enum replacement replace_target(const json_t *object, const char *target)
{
	enum replacement result;
	char *temporary;
	const int fd = make_temporary(target, &temporary);
	int why;

	if (fd < 0)
		return NOT_REPLACEABLE;
	result = write_temporary(object, target, temporary, fd);
	why = errno;
	if (result != REPLACED)
		unlink(temporary);
	free(temporary);
	errno = why;
	return result;
}

static int write_object(struct results *results, const json_t *object)
{
	enum replacement result = NOT_REPLACEABLE;

	if (results->target != NULL)
		result = replace_target(object, results->target);
	if (result == NOT_REPLACEABLE && results->stream == NULL)
		results->stream = fopen(results->target, "we");
	if (result != NOT_REPLACEABLE || results->stream == NULL)
		return result == REPLACED ? 0 : -EIO;
	/* It stands behind what is printed to the same file. */
	if (results->is_shared)
		fflush(stdout);
	return dump_object(object, results->stream, results->is_shared);
}

static void add_outcome(json_t *object, int exit_status)
{
	char error[4096];

	json_object_set_new(object, "exit_status", json_integer(exit_status));
	if (exit_status == 0)
		return;
	messages_last_error(error, sizeof(error));
	json_object_set_new(object, "error",
		json_text(error[0] != '\0' ? error : "the results have what failed"));
}

int results_write(struct results *results, json_t *object, int exit_status)
{
	int rc = 0;

	if (object == NULL)
		object = json_object();
	if (results->path != NULL && object != NULL) {
		add_outcome(object, exit_status);
		rc = write_object(results, object);
	}
	if (results->stream != NULL && fclose(results->stream) != 0)
		rc = -EIO;
	if (rc != 0)
		(void)refuse(results);
	json_decref(object);
	free(results->target);
	*results = (struct results){0};
	return rc;
}
