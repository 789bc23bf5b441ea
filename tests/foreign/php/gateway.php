<?php
/**
 * A gateway made of PHP's own SoapServer and our WSDLs: the router script of `php -S`.
 *
 * It answers as the vendor documents, so that a client can work with it, and appends to RECORD one JSON line per
 * request with the parameters as PHP decoded them. State is not kept: what is accepted is fixed below.
 *
 * Beside the documented addresses, /in-house/DIALECT/NAME is a service made of the WSDL NAME.wsdl in IN_HOUSE.
 *
 * Environment: WSDL_DOCUMENT_LITERAL, WSDL_RPC_ENCODED, WSDL_ORIGINAL, IN_HOUSE, RECORD.
 */

declare(strict_types=1);

const SESSION = '5e551040000000000000000000000001';
const BATCH = 'ba7c4000000000000000000000000001';
const PASSWORD = 'secret';
const DIALECTS = [
    '/soap/document_literal/webservice' => ['document_literal', 'WSDL_DOCUMENT_LITERAL'],
    '/soap/webservice_vs.php' => ['rpc_encoded', 'WSDL_RPC_ENCODED'],
    '/soap/webservice.php' => ['rpc_encoded', 'WSDL_ORIGINAL'],
];

/** The handler of a SoapServer: every operation arrives in __call. */
final class Gateway
{
    /** @param array<string, list<string>> $parts names of the RPC parts by operation; empty for Document/Literal */
    public function __construct(
        private readonly string $dialect,
        private readonly array $parts,
        private readonly string $body,
    ) {
    }

    public function __call(string $operation, array $arguments): mixed
    {
        $parameters = $this->named($operation, $arguments);
        // An array that arrived without its type is a struct to PHP. The reply copes; the record shows it as it is.
        $lines = $this->reply(strtolower($operation), $parameters);
        $this->record($operation, $parameters, $lines);
        if ($this->dialect === 'document_literal') {
            return ['return' => count($lines) === 1 ? $lines[0] : $lines];
        }
        // Scalar in RPC: auth, ping, getbalance, routeCoverage, token_pay. The rest answer with an array.
        $scalar = in_array($operation, ['auth', 'ping', 'getbalance', 'routeCoverage', 'token_pay'], true);
        return $scalar ? $lines[0] : $lines;
    }

    /** @return array<string, mixed> */
    private function named(string $operation, array $arguments): array
    {
        if ($this->dialect === 'document_literal') {
            return (array) ($arguments[0] ?? []);
        }
        $named = [];
        foreach ($arguments as $position => $value) {
            $named[$this->parts[$operation][$position] ?? "extra $position"] = $value;
        }
        return $named;
    }

    /** @param array<string, mixed> $given
     *  @return list<string> */
    private function reply(string $operation, array $given): array
    {
        if ($operation === 'auth') {
            return [$given['password'] === PASSWORD ? 'OK: ' . SESSION : 'ERR: 001, Authentication failed'];
        }
        $refusal = $this->refusal($given);
        if ($refusal !== null) {
            return [$refusal];
        }
        $to = $given['to'] ?? [];
        $to = is_object($to) ? array_values((array) $to) : (array) $to;
        if (count($to) > 300) {
            return ['ERR: 101, Invalid or missing parameters'];
        }
        $client = ($given['climsgid'] ?? '') === '' ? '' : md5($given['climsgid']);
        $id = ($given['apimsgid'] ?? '') === '' ? $client : $given['apimsgid'];
        return match ($operation) {
            'ping' => ['OK:'],
            'sendmsg', 'senditem' => $this->sent($to, count($to) > 1),
            'quicksend', 'si_push', 'ind_push' => $this->sent($to, true),
            'querymsg' => [$id === '' ? 'ERR: 109, Missing message ID' : "ID: $id Status: 004"],
            'delmsg' => [$id === '' ? 'ERR: 109, Missing message ID' : "ID: $id Status: 006"],
            'getbalance' => ['Credit: 12.3'],
            'routecoverage' => [str_starts_with($given['msisdn'], '999')
                ? 'ERR: This prefix is not currently supported. Messages sent to this prefix will fail. '
                    . 'Please contact support for assistance.'
                : 'OK: This prefix is currently supported. Messages sent to this prefix will be routed. Charge: 0.33'],
            'getmsgcharge' => [$id === '' ? 'ERR: 109, Missing message ID' : "apiMsgId: $id charge: 0.33 status: 004"],
            'token_pay' => [preg_match('/^\d{16}$/D', $given['token']) === 1
                ? 'OK: 605' : 'ERR: 101, Invalid or missing parameters'],
            'startbatch' => [$given['template'] === '' ? 'ERR: 202, No batch template' : 'ID: ' . BATCH],
            'endbatch' => ['OK'],
        };
    }

    /** Why a request may not be served at all. @param array<string, mixed> $given */
    private function refusal(array $given): ?string
    {
        $session = $given['session_id'] ?? '';
        if ($session === '' && ($given['user'] ?? '') === '') {
            return 'ERR: 005, Missing session ID';
        }
        if ($session !== '' && $session !== SESSION) {
            return 'ERR: 003, Session ID expired';
        }
        if ($session === '' && $given['password'] !== PASSWORD) {
            return 'ERR: 001, Authentication failed';
        }
        return isset($given['batch_id']) && $given['batch_id'] !== BATCH ? 'ERR: 201, Invalid batch ID' : null;
    }

    /** One line per recipient. @param list<string> $to
     *  @return list<string> */
    private function sent(array $to, bool $named): array
    {
        $lines = [];
        foreach ($to as $number) {
            $line = str_starts_with($number, '999105')
                ? 'ERR: 105, Invalid Destination Address' : 'ID: ' . bin2hex(random_bytes(16));
            $lines[] = $named ? "$line To: $number" : $line;
        }
        return $lines;
    }

    /** @param array<string, mixed> $parameters
     *  @param list<string> $lines */
    private function record(string $operation, array $parameters, array $lines): void
    {
        $entry = [
            'dialect' => $this->dialect,
            'operation' => $operation,
            'action' => $_SERVER['HTTP_SOAPACTION'] ?? null,
            'parameters' => (object) $parameters,
            'reply' => $lines,
            'body' => base64_encode($this->body),
        ];
        $flags = JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION;
        file_put_contents(getenv('RECORD'), json_encode($entry, $flags) . "\n", FILE_APPEND | LOCK_EX);
    }
}

/** The names of an RPC operation's parts, read from the signatures that PHP makes of the WSDL. */
function parts(string $wsdl): array
{
    $parts = [];
    foreach ((new SoapClient($wsdl, ['cache_wsdl' => WSDL_CACHE_NONE]))->__getFunctions() as $signature) {
        preg_match('/ (\w+)\(/', $signature, $name);
        preg_match_all('/\$(\w+)/', $signature, $names);
        $parts[$name[1]] = $names[1];
    }
    return $parts;
}

if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
    header('Content-Type: text/plain');
    echo "ready\n";
    return;
}
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if (preg_match('#^/in-house/(document_literal|rpc_encoded)/(\w+)$#D', $path, $house) === 1) {
    [, $dialect, $name] = $house;
    $wsdl = getenv('IN_HOUSE') . "/$name.wsdl";
} elseif (isset(DIALECTS[$path])) {
    [$dialect, $variable] = DIALECTS[$path];
    $wsdl = getenv($variable);
} else {
    http_response_code(404);
    return;
}
$body = file_get_contents('php://input');
$server = new SoapServer($wsdl, ['cache_wsdl' => WSDL_CACHE_NONE]);
$server->setObject(new Gateway($dialect, $dialect === 'rpc_encoded' ? parts($wsdl) : [], $body));
$server->handle($body);
