<?php
/**
 * What PHP makes of a WSDL: the operations that SoapClient offers, and those that SoapServer hands on when it is
 * given that client's own requests. Usage: php load.php WSDL
 */

declare(strict_types=1);

final class Capture extends SoapClient
{
    public string $request = '';

    public function __doRequest(
        string $request,
        string $location,
        string $action,
        int $version,
        bool $oneWay = false,
    ): ?string {
        $this->request = $request;
        return '';
    }
}

final class Recorder
{
    /** @var list<string> */
    public array $called = [];
    public mixed $reply = null;

    public function __call(string $operation, array $arguments): mixed
    {
        $this->called[] = $operation;
        return $this->reply;
    }
}

$wsdl = $_SERVER['argv'][1];
$client = new Capture($wsdl, ['cache_wsdl' => WSDL_CACHE_NONE, 'exceptions' => false]);
$server = new SoapServer($wsdl, ['cache_wsdl' => WSDL_CACHE_NONE]);
$recorder = new Recorder();
$server->setObject($recorder);
$offered = [];
foreach ($client->__getFunctions() as $signature) {
    preg_match('/^(\w+) (\w+)\((.*)\)$/', $signature, $match);
    [, $type, $operation, $list] = $match;
    $offered[] = $operation;
    $recorder->reply = match ($type) {
        'string' => 'OK',
        'ArrayOfString' => ['OK'],
        default => ['return' => 'OK'],
    };
    // A value for every name in either dialect; PHP takes from an object what the schema asks for.
    $everything = array_fill_keys(
        ['user', 'password', 'session_id', 'si_id', 'si_url', 'si_text', 'mms_subject', 'mms_class', 'mms_expire',
            'mms_from', 'mms_url', 'token', 'template', 'batch_id', 'msisdn'],
        'x',
    ) + ['api_id' => 1, 'to' => ['27821234567']];
    preg_match_all('/(\w+) \$(\w+)/', $list, $parts, PREG_SET_ORDER);
    $positional = array_map(
        fn (array $part): mixed => match ($part[1]) {
            'int', 'float' => 0,
            'ArrayOfString' => ['27821234567'],
            default => '',
        },
        $parts,
    );
    $client->__soapCall($operation, str_ends_with($type, 'Response') ? [(object) $everything] : $positional);
    ob_start();
    $server->handle($client->request);
    ob_end_clean();
}
echo json_encode(['client' => $offered, 'server' => $recorder->called], JSON_THROW_ON_ERROR), "\n";
