/*
 * Calls every function of the extension with hostile arguments: extremes,
 * NULLs, broken text and binary data, numbers that are almost right. The seed
 * gives the choices; the numbers among which some are made are as random as
 * the series' keys.
 *
 *	hostile [CALLS [SEED]]
 *
 * Connects as a superuser as the PG* variables say, to a database without the
 * extension, which it creates and drops again and again. In every other
 * stretch of calls each call is rolled back, and nothing may have changed at
 * the end of the stretch. No call may end the connection, or end with an
 * SQLSTATE that is not listed in judge.c. There are up to ten times as many
 * calls where some function has not succeeded, or some error not come.
 *
 *	cc -I"$(pg_config --includedir)" -Itest -o hostile test/hostile/[a-z]*.c \
 *		test/client/[a-z]*.c test/unit/tap.c -L"$(pg_config --libdir)" -lpq
 */
#include "hostile/call.h"
#include "hostile/judge.h"
#include "hostile/stretch.h"
#include "hostile/world.h"

#define LIFE			4000	/* calls until the extension is created anew */

static long call_count = 20000;

static bool
ReadArguments(int argc, char **argv)
{
	if (argc > 1)
		call_count = atol(argv[1]);
	if (argc > 2)
		tap_seed = strtoull(argv[2], NULL, 10);
	return argc <= 3 && call_count >= 1 && tap_seed != 0;
}

static void
NoteLastCall(void)
{
	if (tap_failures > 0)
		Note("the last call was %ld", call_number);
}

/* Chance may need more calls to have met everything. */
static long
LastCall(void)
{
	return call_number < call_count || IsCovered() ? call_count : 10 * call_count;
}

static void
MakeCalls(void)
{
	long		next_life = 0;

	while (call_number < LastCall())
	{
		if (call_number >= next_life || IsLarge())
		{
			if (call_number > 0)
				CheckBatches();
			CreateAnew();
			next_life = call_number + LIFE;
		}
		RunStretch(false, LastCall());
		FillPools();
		RunStretch(true, LastCall());
	}
	CheckBatches();
}

int
main(int argc, char **argv)
{
	long		contexts;

	if (!ReadArguments(argc, argv))
	{
		fprintf(stderr, "usage: hostile [CALLS [SEED]]\n");
		return EXIT_FAILURE;
	}
	Note("%ld calls, seed %llu", call_count, (unsigned long long) tap_seed);
	atexit(NoteLastCall);

	connection = Connect("-c cardgen.max_cards_per_call=300");
	PQsetNoticeReceiver(connection, CountWarning, NULL);
	Do(connection, "DROP ROLE IF EXISTS hostile_nobody");
	Do(connection, "CREATE ROLE hostile_nobody");
	MakeCalls();
	contexts = ReadNumber(connection, "SELECT count(*) FROM pg_backend_memory_contexts WHERE name = 'cardgen configuration'");

	PrintTally();
	CheckJudgements();
	CheckStretches();
	CheckWorld();
	Ok(contexts == 1, "the configuration is in memory once");
	CheckCoverage();
	PQfinish(connection);
	return Summarize();
}
