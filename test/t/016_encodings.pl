# What counts as a blank, in databases of other encodings than UTF8.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use CardgenTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $server = new_server('main');
$server->start;

# A customer's id in bytes, and whether it is refused and why.
my %customers = (
	LATIN1 => [
		[ '7a6fe9' => 'issued', 'a letter of the encoding' ],
		[ 'a07a6fe9' => 'surrounding_blanks', 'a no-break space' ],
		[ '7a6fe985' => 'surrounding_blanks', 'a next line' ],
		[ '7aa06f' => 'issued', 'a no-break space within' ],
		[ 'a0a0' => 'empty_text', 'nothing else' ] ],
	EUC_JP => [
		[ 'a4a2' => 'issued', 'a letter of the encoding' ],
		[ 'a4a2a1a1' => 'surrounding_blanks', 'an ideographic space' ],
		[ 'a1a1a4a2' => 'surrounding_blanks', 'an ideographic space in front' ],
		[ 'a1a1' => 'empty_text', 'nothing else' ] ],
	WIN1252 => [
		[ '7a6fe9' => 'issued', 'a letter of the encoding' ],
		[ '817a' => 'issued', 'a byte that is no character' ],
		[ '817aa0' => 'issued', 'with a no-break space behind it' ],
		[ '817a20' => 'surrounding_blanks', 'with a space behind it' ] ],
	SQL_ASCII => [
		[ '7a6fe9' => 'issued', 'a byte of another encoding' ],
		[ 'e9' => 'issued', 'nothing else' ],
		[ '207a6fe9' => 'surrounding_blanks', 'a space in front of it' ],
		[ '7a6fe920' => 'surrounding_blanks', 'a space behind it' ],
		[ '6bc2a0' => 'surrounding_blanks', 'a no-break space in UTF-8' ],
		[ 'e380806b' => 'surrounding_blanks', 'an ideographic space in UTF-8' ],
		[ '6ba0' => 'issued', 'a byte that is part of one' ],
		[ '6b20a0' => 'issued', 'such a byte behind a space' ],
		[ '6bc2' => 'issued', 'the first byte of one' ],
		[ '6bc2a0a0' => 'issued', 'a byte too many behind one' ] ]);
my %blank = (LATIN1 => 'a0', EUC_JP => 'a1a1', WIN1252 => 'a0', SQL_ASCII => 'c2a0');

foreach my $encoding (sort keys %customers)
{
	my $database = lc $encoding;

	$server->safe_psql('postgres', "CREATE DATABASE $database ENCODING '$encoding' TEMPLATE template0 LOCALE 'C'");
	$server->safe_psql($database, qq{
		CREATE EXTENSION cardgen;
		SELECT cardgen.create_series('GOLD', @{[ text($encoding, '436166' . $customers{$encoding}[0][0]) ]}, 8, 'G', method => 'sequential')});
	foreach (@{ $customers{$encoding} })
	{
		my ($bytes, $answer, $name) = @$_;
		my $customer = text($encoding, $bytes);

		is($server->safe_psql($database, qq{
				SELECT coalesce(error_name, 'issued') FROM cardgen.issue_new_cards('GOLD', ARRAY[$customer])}),
			$answer, "$encoding: $name");
	}
	is($server->safe_psql($database, qq{
			SELECT cardgen.classify_number(b || 'g00000000' || b) FROM (SELECT @{[ text($encoding, $blank{$encoding}) ]} AS b) AS blank}),
		'issued', "$encoding: blanks around a number");
	is($server->safe_psql($database, qq{
			SELECT cardgen.classify_number(@{[ text($encoding, $customers{$encoding}[1][0]) ]})}),
		'malformed', "$encoding: what is no number");
}

done_testing();

sub text
{
	my ($encoding, $bytes) = @_;

	return "convert_from('\\x$bytes', '$encoding')";
}
