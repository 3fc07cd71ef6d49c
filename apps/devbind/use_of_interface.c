/* SPDX-License-Identifier: BSD-3-Clause */
/* A network interface: up, with an address, a route, or something built on top of it. */
#include "uses.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"

static bool is_up(const struct node *node)
{
	char text[32];

	return file_text(text, sizeof(text), "%s/flags", node->path) == 0 &&
		(strtoul(text, NULL, 16) & IFF_UP) != 0;
}

static bool has_name(const struct ifaddrs *address, const char *name)
{
	return address->ifa_addr != NULL && strcmp(address->ifa_name, name) == 0;
}

static bool print_address(const struct sockaddr *address, char *text, size_t size)
{
	const void *bytes;

	if (address->sa_family == AF_INET)
		bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
	else if (address->sa_family == AF_INET6)
		bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	else
		return false;
	return inet_ntop(address->sa_family, bytes, text, (socklen_t)size) != NULL;
}

/* The system call knows our own network namespace only, as /sys/class/net does. */
static bool find_address(const char *name, char *text, size_t size)
{
	struct ifaddrs *addresses;
	bool found = false;

	if (getifaddrs(&addresses) != 0)
		return false;
	for (const struct ifaddrs *at = addresses; at != NULL && !found; at = at->ifa_next)
		found = has_name(at, name) && print_address(at->ifa_addr, text, size);
	freeifaddrs(addresses);
	return found;
}

static bool has_route(const struct kl_machine *machine, const char *name)
{
	char path[PATH_MAX], line[512], interface[IFNAMSIZ];
	bool found = false;
	FILE *routes;

	snprintf(path, sizeof(path), "%s/net/route", machine->proc);
	routes = fopen(path, "r");
	if (routes == NULL)
		return false;
	while (!found && fgets(line, sizeof(line), routes) != NULL)
		found = sscanf(line, "%15s", interface) == 1 && strcmp(interface, name) == 0;
	fclose(routes);
	return found;
}

/* A bridge or bond above it is its master; VLANs and the like are links named upper_NAME. */
static bool find_upper(const struct node *node, char *text, size_t size)
{
	struct dirent *entry;
	bool found = false;
	DIR *links;

	if (file_link(text, size, "%s/master", node->path) == 0)
		return true;
	links = opendir(node->path);
	if (links == NULL)
		return false;
	while (!found && (entry = readdir(links)) != NULL) {
		found = strncmp(entry->d_name, "upper_", 6) == 0;
		if (found)
			snprintf(text, size, "%s", entry->d_name + 6);
	}
	closedir(links);
	return found;
}

static void append(char *text, size_t size, const char *what, const char *name)
{
	size_t length = strlen(text);

	snprintf(text + length, size - length, "%s%s%s", length != 0 ? ", " : "", what, name);
}

void use_of_interface(const struct kl_machine *machine, const struct node *node, struct uses *uses)
{
	char name[64], text[192] = "";

	if (is_up(node))
		append(text, sizeof(text), "up", "");
	if (find_address(node->name, name, sizeof(name)))
		append(text, sizeof(text), "address ", name);
	if (has_route(machine, node->name))
		append(text, sizeof(text), "route", "");
	if (find_upper(node, name, sizeof(name)))
		append(text, sizeof(text), "part of ", name);
	if (text[0] != '\0')
		uses_add(uses, "interface %s: %s", node->name, text);
}
