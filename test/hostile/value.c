/*
 * Arguments of one call, and choices.
 */
#include "hostile/value.h"

#include <string.h>

#define ARENA_SIZE		(1 << 25)

static char arena[ARENA_SIZE];
static size_t arena_used;

int
Choose(int limit)
{
	return Draw(&tap_seed, limit);
}

bool
Chance(int percent)
{
	return Choose(100) < percent;
}

const char *
PickOf(const char *const *texts, int count)
{
	return texts[Choose(count)];
}

void
EmptyArena(void)
{
	arena_used = 0;
}

char *
Allocate(size_t size)
{
	char	   *memory = arena + arena_used;

	arena_used += (size + 7) & ~(size_t) 7;
	if (arena_used > ARENA_SIZE)
	{
		fprintf(stderr, "hostile: the arena is too small\n");
		exit(EXIT_FAILURE);
	}
	return memory;
}

Value
Null(void)
{
	return (Value) {NULL, 0, 0};
}

Value
Bytes(const void *data, size_t length, int is_binary)
{
	Value		value = {Allocate(length + 1), (int) length, is_binary};

	memcpy(value.data, data, length);
	value.data[length] = '\0';
	return value;
}

Value
String(const char *text)
{
	return Bytes(text, strlen(text), 0);
}
