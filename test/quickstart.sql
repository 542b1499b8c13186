-- From nothing to a .txt file of 100,000 card numbers.
CREATE EXTENSION cardgen;

-- Sixteen digits: 9000, eleven digits that can't be guessed, a Luhn check digit.
SELECT code, prefix, length, capacity
FROM cardgen.create_series('GOLD', 'Gold card',
                           prefix => '9000', length => 12, check_digit => 'luhn',
                           card_type => 'physical');

\timing on
SELECT * FROM cardgen.generate_batch('GOLD', 100000) \gx
\timing off

SELECT * FROM cardgen.generated_batches \gx

-- The file for the printer: a number a line.
\copy (SELECT cardgen.download_batch(1)) TO 'GOLD.txt'
