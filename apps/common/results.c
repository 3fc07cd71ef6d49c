/* SPDX-License-Identifier: BSD-3-Clause */
#include "results.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
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

static int refuse(const struct results *results)
{
	print_error("can't write results to %s: %s", results->path, strerror(errno));
	return -EIO;
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
static int open_stream(struct results *results)
{
	const int fd = open(results->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	results->stream = fd >= 0 ? fdopen(fd, "w") : NULL;
	return results->stream != NULL ? 0 : refuse(results);
}

static bool can_create_beside(const char *path)
{
	char *copy = strdup(path);
	bool can = copy != NULL && faccessat(AT_FDCWD, dirname(copy), W_OK | X_OK, AT_EACCESS) == 0;

	free(copy);
	return can;
}

int results_open(struct results *results, const char *path)
{
	struct stat status;
	bool exists;

	*results = (struct results){.path = path};
	if (path == NULL)
		return 0;
	if (strcmp(path, "-") == 0)
		return take_stdout(results);
	exists = lstat(path, &status) == 0;
	/* A link stays, and what it leads to is replaced. */
	results->target = exists ? realpath(path, NULL) : strdup(path);
	if (results->target != NULL && (!exists || stat(path, &status) == 0) &&
		(!exists || S_ISREG(status.st_mode)) && can_create_beside(results->target) &&
		(!exists || faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0))
		return 0;
	free(results->target);
	results->target = NULL;
	return open_stream(results);
}

static int dump_object(const json_t *object, FILE *stream)
{
	struct stat status;

	errno = EIO;
	if (fstat(fileno(stream), &status) == 0 && S_ISREG(status.st_mode) &&
		ftruncate(fileno(stream), 0) != 0)
		return -EIO;
	if (json_dumpf(object, stream, FORMAT) != 0 || fputc('\n', stream) == EOF ||
		fflush(stream) != 0)
		return -EIO;
	return 0;
}

/* The rights that the file has, or that a new one would get. */
static mode_t choose_mode(const char *path)
{
	const mode_t mask = umask(0);
	struct stat status;

	umask(mask);
	return stat(path, &status) == 0 ? status.st_mode & 0777 : 0666 & ~mask;
}

static int write_temporary(const json_t *object, const char *target, int fd)
{
	FILE *stream = fdopen(fd, "w");
	int rc;

	if (stream == NULL) {
		close(fd);
		return -EIO;
	}
	rc = fchmod(fd, choose_mode(target)) == 0 ? dump_object(object, stream) : -EIO;
	if (fclose(stream) != 0)
		rc = -EIO;
	return rc;
}

static int replace_target(const json_t *object, const char *target)
{
	const size_t bytes = strlen(target) + sizeof(".XXXXXX");
	char *temporary = malloc(bytes);
	int fd, rc = -EIO;

	if (temporary == NULL)
		return -EIO;
	snprintf(temporary, bytes, "%s.XXXXXX", target);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd >= 0) {
		rc = write_temporary(object, target, fd);
		if (rc == 0 && rename(temporary, target) != 0)
			rc = -EIO;
		if (rc != 0) {
			const int why = errno;

			unlink(temporary);
			errno = why;
		}
	}
	free(temporary);
	return rc;
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
		rc = results->target != NULL ? replace_target(object, results->target) :
					       dump_object(object, results->stream);
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
