<?php
/**
 * A recorder in the place of the HTTP API: the router script of `php -S`.
 *
 * It appends to RECORD one JSON line per request, with the fields as PHP read them, and answers as the vendor
 * documents. Values travel as Base64, because what PHP reads are octets. The text is read as documented, too: octets of
 * ISO-8859-1 or, with unicode=1, UTF-16BE in hexadecimal.
 */

declare(strict_types=1);

const SESSION = '5e551040000000000000000000000001';

/** @param array<string, string> $given */
function shown(array $given): ?string
{
    $text = $given['text'] ?? null;
    if ($text === null) {
        return null;
    }
    $is_unicode = ($given['unicode'] ?? '0') === '1';
    return iconv($is_unicode ? 'UTF-16BE' : 'ISO-8859-1', 'UTF-8', $is_unicode ? hex2bin($text) : $text);
}

/** @param array<string, string> $given */
function answer(string $command, array $given): string
{
    if ($command === 'auth') {
        return 'OK: ' . SESSION;
    }
    if (($given['session_id'] ?? SESSION) !== SESSION) {
        return 'ERR: 003, Session ID expired';
    }
    $to = explode(',', $given['to'] ?? '');
    $named = count($to) > 1 || in_array($command, ['quicksend', 'si_push', 'ind_push'], true);
    return implode("\n", array_map(
        fn (string $number): string => 'ID: ' . bin2hex(random_bytes(16)) . ($named ? " To: $number" : ''),
        $to,
    ));
}

$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
header('Content-Type: text/plain');
if ($path === '/') {
    echo "ready\n";
    return;
}
$given = $_SERVER['REQUEST_METHOD'] === 'POST' ? $_POST : $_GET;
$shown = shown($given);
$entry = [
    'method' => $_SERVER['REQUEST_METHOD'],
    'path' => $path,
    'body' => base64_encode(file_get_contents('php://input')),
    'fields' => (object) array_map('base64_encode', $given),
    'shown' => $shown === null ? null : base64_encode($shown),
];
file_put_contents(getenv('RECORD'), json_encode($entry, JSON_THROW_ON_ERROR) . "\n", FILE_APPEND | LOCK_EX);
echo answer(basename($path, '.php'), $given), "\n";
