/* SPDX-License-Identifier: BSD-3-Clause */
/* The prompt on standard input, and files of commands. Control thread. */
#ifndef TESTPMD_PROMPT_H
#define TESTPMD_PROMPT_H

struct command_group;
struct testpmd;

/* Builds the commands of groups that end with NULL. Returns 0 or -ENOMEM. */
int prompt_init(struct testpmd *pmd, const struct command_group *const *groups);

/* Shows the prompt, and takes a terminal's lines key by key. 0 or -ENOMEM. */
int prompt_open(void);

/* Call when standard input is readable; reads once. Its end makes pmd quit. */
void prompt_read(struct testpmd *pmd);

/* Gives the terminal back as it was, and frees everything. */
void prompt_close(void);

/* Runs the commands of a file, one a line, until one says quit. 0 or -errno after a message. */
int prompt_load(struct testpmd *pmd, const char *path);

#endif
