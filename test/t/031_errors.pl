# README's table of errors against the refusals of src/refusal.c: each stands in
# it once, with its SQLSTATE, and no other does. All that a user can meet is a
# refusal, and its hint names only what the backend was granted, or a DBA.

use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Utils;
use Test::More;

my $root = "$FindBin::RealBin/../..";
my $page = slurp_file("$root/README.md");
my %source = map { m{([^/]+)\z} => slurp_file($_) } glob("$root/src/*.c");
my $refusals = $source{'refusal.c'};

# What only a DBA's calls are answered with.
my %dba_alone = map { $_ => 1 } qw(series_used retained_longer);

# The name and SQLSTATE of each refusal, from the calls of New() and of those
# helpers that hand a name on to it.
my %code = read_codes();
my %sqlstate_of;
my %helper = ($refusals =~ /^(\w+)\([^)]*const char \*name[^)]*\)\n\{\n\treturn New\((ERRCODE_\w+), name,/mg);

while ($refusals =~ /\bNew\((ERRCODE_\w+), "(\w+)"/g)
{
	note_refusal($2, $1);
}
foreach my $name (keys %helper)
{
	note_refusal($_, $helper{$name}) foreach $refusals =~ /\b$name\("(\w+)"/g;
}
my $functions = () = $refusals =~ /^Refusal \*$/mg;
is(scalar keys %sqlstate_of, $functions, 'each function of refusal.c has a name of its own');

my ($errors) = $page =~ /^### Errors\n(.*?)^### /ms;
my %shown;
while ($errors =~ /^\| `(\w+)` \| (\w+) \| \S.* \| \S.* \|$/mg)
{
	ok(!$shown{$1}, "$1 stands in README once");
	$shown{$1} = $2;
}
foreach my $name (sort keys %sqlstate_of)
{
	is($shown{$name}, $sqlstate_of{$name}, "$name is in README, with its SQLSTATE");
}
is(join(' ', grep { !$sqlstate_of{$_} } sort keys %shown), '', 'README has no other');

# A value in quotes is one that a user has given.
foreach my $file (sort keys %source)
{
	next if $file eq 'refusal.c';
	unlike($source{$file}, qr/\bereport\((?:ERROR|FATAL|PANIC)|\berrcode\(/, "$file reports no error of its own");
	unlike($source{$file}, qr/\belog\((?:ERROR|FATAL|PANIC),\s*"[^;]*\\"%/, "$file speaks to no user with elog");
}

my ($grants) = $page =~ /^```sql\n(CREATE ROLE .*?)^```$/ms;
my %granted = map { $_ => 1 } map { /\bcardgen\.(\w+)/g } grep { /TO cardgen_backend\b/ } split /;/, $grants;
foreach my $body (split /^}$/m, $refusals)
{
	my ($arguments) = $body =~ /\breturn \w+\(((?:ERRCODE_\w+, )?"\w+",.*)\);/s or next;
	my ($name) = $arguments =~ /"(\w+)"/;

	foreach my $hint (grep { /\bcardgen\./ } map { /"((?:[^"\\]|\\.)*)"/g } last_of($arguments))
	{
		next if $hint =~ /\bDBA\b/ || $dba_alone{$name};
		is(join(' ', grep { !$granted{$_} } $hint =~ /\bcardgen\.(\w+)\(?/g), '', "$name: its hint helps a backend");
	}
}

done_testing();

# SQLSTATEs by the names that PostgreSQL gives them.
sub read_codes
{
	chomp(my $headers = `pg_config --includedir-server`);
	my %codes = slurp_file("$headers/utils/errcodes.h") =~ /^#define (ERRCODE_\w+) MAKE_SQLSTATE\(([^)]*)\)/mg;

	$_ = join '', /'(.)'/g foreach values %codes;
	return %codes;
}

sub note_refusal
{
	my ($name, $constant) = @_;

	ok($code{$constant}, "$name has an SQLSTATE of PostgreSQL");
	ok(!$sqlstate_of{$name}, "$name is the name of one refusal");
	$sqlstate_of{$name} = $code{$constant};
}

# What stands behind the last comma that is in no call or string.
sub last_of
{
	my ($arguments) = @_;
	my ($depth, $last) = (0, '');

	while ($arguments =~ /\G("(?:[^"\\]|\\.)*"|.)/gs)
	{
		my $token = $1;

		$depth++ if $token eq '(';
		$depth-- if $token eq ')';
		$last = $depth == 0 && $token eq ',' ? '' : $last . $token;
	}
	return $last;
}
