/*
 * Plays an organization's backend: many connections that generate, download,
 * issue, change, look up and remove cards of a few small series, all at once.
 * They keep account of what the server acknowledged, and at the end the
 * database is compared with it from outside.
 *
 *	backend [CONNECTIONS [SECONDS [SEED]]]
 *
 * Connects as a superuser as the PG* variables say, to a database without the
 * extension, which it creates. In the first half of the time each transaction
 * is one call, and none may end in a deadlock; in the second half
 * transactions have several, with savepoints, timeouts and all isolation
 * levels. With an odd seed only active cards count against the limits.
 *
 *	cc -I"$(pg_config --includedir)" -Itest -o backend test/backend/[a-z]*.c \
 *		test/client/[a-z]*.c test/unit/tap.c -L"$(pg_config --libdir)" -lpq -pthread
 */
#include "backend/account.h"
#include "backend/checks.h"
#include "backend/operations.h"
#include "backend/play.h"
#include "backend/world.h"

#include <unistd.h>

#define MAX_CONNECTIONS		200

static Worker workers[MAX_CONNECTIONS];
static int	connection_count = 6;
static double seconds = 8;
static uint64_t seed = 1;

static bool
ReadArguments(int argc, char **argv)
{
	if (argc > 1)
		connection_count = atoi(argv[1]);
	if (argc > 2)
		seconds = atof(argv[2]);
	if (argc > 3)
		seed = strtoull(argv[3], NULL, 10);
	return argc <= 4 && connection_count >= 1 && connection_count <= MAX_CONNECTIONS && seconds > 0;
}

static void
Play(void)
{
	PGconn	   *connection = ConnectToWorld();

	CreateWorld(connection);
	PQfinish(connection);
	for (int i = 0; i < connection_count; i++)
	{
		workers[i].connection = ConnectToWorld();
		workers[i].seed = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15) + (uint64_t) i * UINT64_C(0xD1B54A32D192ED03);
	}
	PlayAlone(workers, connection_count, seconds / 2);
	PlayMixed(workers, connection_count, seconds / 2);
	for (int i = 0; i < connection_count; i++)
		PQfinish(workers[i].connection);
}

/* Those of lost connections end when they have answered. */
static void
WaitForOthers(PGconn *connection)
{
	while (ReadNumber(connection, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
					  " AND backend_type = 'client backend' AND pid <> pg_backend_pid()") > 0)
		usleep(10000);
}

int
main(int argc, char **argv)
{
	PGconn	   *connection;

	if (!ReadArguments(argc, argv))
	{
		fprintf(stderr, "usage: backend [CONNECTIONS [SECONDS [SEED]]]\n");
		return EXIT_FAILURE;
	}
	Note("%d connections, %g seconds, seed %llu", connection_count, seconds, (unsigned long long) seed);
	OpenLedger();
	counts_only_active = seed % 2 == 1;
	customer_count = connection_count * 8;
	Play();

	connection = ConnectToWorld();
	WaitForOthers(connection);
	/* Without the index's summaries each batch's check would read all. */
	Do(connection, "VACUUM cardgen.generated_card");
	TellDatabase(connection);
	CheckCalls(workers, connection_count);
	CheckBatches(connection);
	CheckCards(connection);
	CheckLog(connection);
	CheckLimits(connection);
	PQfinish(connection);
	return Summarize();
}
