/*
 * The keys that wrap the keys of the series, as commands print them.
 */
#include "key_command.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "miscadmin.h"
#include "postmaster/interrupt.h"
#include "refusal.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/guc.h"
#include "utils/wait_event.h"

/* POSIX leaves its declaration to the program. */
extern char **environ;

#define KEY_DIGITS (2 * WRAPPING_KEY_LENGTH)

typedef struct KeyCommand
{
	const char *setting;
	char	   *command;
	bool		has_run;
	uint8		key[WRAPPING_KEY_LENGTH];
} KeyCommand;

static KeyCommand commands[] = {
	[PRESENT_KEY] = {"cardgen.key_command"},
	[FORMER_KEY] = {"cardgen.former_key_command"}
};

/* One run of a command. */
typedef struct Run
{
	pid_t		process;		/* 0: none is to be waited for */
	int			output;			/* -1: not open */
	size_t		length;
	char		text[KEY_DIGITS + 3];	/* one more than a key and a newline, and a 0 */
} Run;

static void
ForgetKeys(void)
{
	for (size_t i = 0; i < lengthof(commands); i++)
	{
		OPENSSL_cleanse(commands[i].key, sizeof(commands[i].key));
		commands[i].has_run = false;
	}
}

/* Every reload of the configuration assigns every setting. */
static void
Assign(const KeyCommand *command, const char *value)
{
	if (command->command == NULL || strcmp(command->command, value) != 0)
		ForgetKeys();
}

static void
AssignKeyCommand(const char *value, void *extra)
{
	Assign(&commands[PRESENT_KEY], value);
}

static void
AssignFormerKeyCommand(const char *value, void *extra)
{
	Assign(&commands[FORMER_KEY], value);
}

void
DefineKeyCommands(void)
{
	DefineCustomStringVariable(commands[PRESENT_KEY].setting,
							   "Sets the command that prints the key under which the keys of series are stored.",
							   "64 hexadecimal digits. Without a command, they are stored as they are.",
							   &commands[PRESENT_KEY].command,
							   "", PGC_SIGHUP, GUC_SUPERUSER_ONLY,
							   NULL, AssignKeyCommand, NULL);
	DefineCustomStringVariable(commands[FORMER_KEY].setting,
							   "Sets the command that prints the key of cardgen.key_command before.",
							   "For the keys that cardgen.wrap_keys() has not wrapped under the present one.",
							   &commands[FORMER_KEY].command,
							   "", PGC_SIGHUP, GUC_SUPERUSER_ONLY,
							   NULL, AssignFormerKeyCommand, NULL);
}

/* PostgreSQL itself reads the configuration between statements. */
void
RefreshKeyCommands(void)
{
	if (!ConfigReloadPending)
		return;
	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
}

/*
 * As the server starts commands, but without popen(): its pclose() would wait
 * for a command that hangs, and tells of no process that could be ended.
 */
static void
Start(const KeyCommand *command, Run *run)
{
	char	   *const arguments[] = {"sh", "-c", command->command, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t	signals;
	int			ends[2];
	int			error;

	if (pipe(ends) != 0)
		Refuse(KeyCommandFailed(command->setting, psprintf("It could not be started: %m.")));
	run->output = ends[0];
	(void) fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	(void) fcntl(ends[0], F_SETFL, O_NONBLOCK);

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&files, ends[1]);

	/* A group of its own, so that what the shell has started ends with it. */
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setpgroup(&attributes, 0);
	sigemptyset(&signals);
	posix_spawnattr_setsigmask(&attributes, &signals);
	sigaddset(&signals, SIGPIPE);
	posix_spawnattr_setsigdefault(&attributes, &signals);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

	error = posix_spawn(&run->process, "/bin/sh", &files, &attributes, arguments, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	close(ends[1]);
	if (error != 0)
	{
		run->process = 0;
		errno = error;
		Refuse(KeyCommandFailed(command->setting, psprintf("It could not be started: %m.")));
	}
}

static void
Await(int events, int file, long timeout)
{
	(void) WaitLatchOrSocket(MyLatch, events | WL_LATCH_SET | WL_EXIT_ON_PM_DEATH,
							 file, timeout, PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/* Ends when the command closes its output, or has printed too much. */
static void
ReadOutput(const KeyCommand *command, Run *run)
{
	ssize_t		count;

	do
	{
		count = read(run->output, run->text + run->length, sizeof(run->text) - 1 - run->length);
		if (count > 0)
			run->length += (size_t) count;
		else if (count < 0 && errno == EAGAIN)
			Await(WL_SOCKET_READABLE, run->output, -1);
		else if (count < 0 && errno != EINTR)
			Refuse(KeyCommandFailed(command->setting, psprintf("Its output could not be read: %m.")));
	} while (count != 0);
}

static void
AwaitEnd(const KeyCommand *command, Run *run)
{
	pid_t		ended;
	int			status;

	for (long delay = 1; (ended = waitpid(run->process, &status, WNOHANG)) == 0; delay = Min(2 * delay, 100))
		Await(WL_TIMEOUT, PGINVALID_SOCKET, delay);
	run->process = 0;
	if (ended < 0)
		Refuse(KeyCommandFailed(command->setting, psprintf("Its end could not be awaited: %m.")));
	if (status != 0)
		Refuse(KeyCommandFailed(command->setting, psprintf("It failed: %s.", wait_result_to_str(status))));
}

static uint8
DigitValue(char digit)
{
	return (uint8) (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
}

static void
ReadKey(KeyCommand *command, const Run *run)
{
	size_t		digits = strspn(run->text, "0123456789ABCDEFabcdef");

	if (run->length == 0)
		Refuse(KeyCommandFailed(command->setting, "It printed nothing."));
	if (digits != KEY_DIGITS ||
		!(run->length == KEY_DIGITS || (run->length == KEY_DIGITS + 1 && run->text[KEY_DIGITS] == '\n')))
		Refuse(KeyCommandFailed(command->setting, "It printed something else than 64 hexadecimal digits and at most a newline."));
	for (size_t i = 0; i < WRAPPING_KEY_LENGTH; i++)
		command->key[i] = (uint8) (DigitValue(run->text[2 * i]) << 4 | DigitValue(run->text[2 * i + 1]));
	command->has_run = true;
}

/* Also where the session ends: then no error is caught. */
static void
End(int code, Datum argument)
{
	Run		   *run = (Run *) DatumGetPointer(argument);

	if (run->process != 0)
	{
		/* What runs as somebody else by now can't be killed, and is not waited for. */
		(void) kill(-run->process, SIGKILL);
		for (int i = 0; i < 100 && waitpid(run->process, NULL, WNOHANG) == 0; i++)
			pg_usleep(1000);
	}
	if (run->output >= 0)
		close(run->output);
	OPENSSL_cleanse(run, sizeof(*run));
	run->output = -1;
}

const uint8 *
WrappingKey(WrappingKeyAge age)
{
	KeyCommand *command = &commands[age];
	Run			run = {.output = -1};

	if (command->command[0] == '\0')
		return NULL;
	if (command->has_run)
		return command->key;

	PG_ENSURE_ERROR_CLEANUP(End, PointerGetDatum(&run));
	{
		Start(command, &run);
		ReadOutput(command, &run);
		if (run.length < sizeof(run.text) - 1)
			AwaitEnd(command, &run);
		ReadKey(command, &run);
	}
	PG_END_ENSURE_ERROR_CLEANUP(End, PointerGetDatum(&run));
	End(0, PointerGetDatum(&run));
	return command->key;
}
