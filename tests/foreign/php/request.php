<?php
/**
 * The request that PHP's SoapClient would send, without sending it.
 *
 * One JSON object per line on stdin: {"wsdl": path, "dialect": ..., "operation": ..., "parameters": {...}}.
 * One per line on stdout: {"body": XML, "action": SOAPAction, "version": 1 for SOAP 1.1}.
 * RPC/Encoded parts go positionally in the order of the WSDL, those not given as 0 or ''; Document/Literal goes as
 * one object that holds what was given.
 */

declare(strict_types=1);

final class Capture extends SoapClient
{
    /** @var array<string, mixed> */
    public array $sent = [];

    public function __doRequest(
        string $request,
        string $location,
        string $action,
        int $version,
        bool $oneWay = false,
    ): ?string {
        $this->sent = ['body' => $request, 'action' => $action, 'version' => $version];
        return '';
    }
}

/** Part name => what stands for "not given", in the WSDL's order. */
function parts(SoapClient $client): array
{
    $parts = [];
    foreach ($client->__getFunctions() as $signature) {
        preg_match('/ (\w+)\((.*)\)$/', $signature, $match);
        preg_match_all('/(\w+) \$(\w+)/', $match[2], $named, PREG_SET_ORDER);
        foreach ($named as [, $type, $name]) {
            $parts[$match[1]][$name] = match ($type) {
                'int' => 0,
                'float' => 0.0,
                'ArrayOfString' => [],
                default => '',
            };
        }
    }
    return $parts;
}

$clients = [];
while (($line = fgets(STDIN)) !== false) {
    $job = json_decode($line, true, flags: JSON_THROW_ON_ERROR);
    $options = ['cache_wsdl' => WSDL_CACHE_NONE, 'exceptions' => false];
    $client = $clients[$job['wsdl']] ??= new Capture($job['wsdl'], $options);
    $operation = $job['operation'];
    if ($job['dialect'] === 'rpc_encoded') {
        $parts = parts($client)[$operation];
        $unknown = array_diff_key($job['parameters'], $parts);
        if ($unknown !== []) {
            throw new DomainException("$operation has no part " . implode(', ', array_keys($unknown)));
        }
        $arguments = array_values(array_merge($parts, $job['parameters']));
    } else {
        $arguments = [(object) $job['parameters']];
    }
    $client->sent = [];
    $client->__soapCall($operation, $arguments);
    $flags = JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE;
    echo json_encode($client->sent, $flags), "\n";
}
