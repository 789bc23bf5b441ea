<?php
// One SoapClient, driven by lines of JSON: [operation, arguments] in, [list of strings] or {"fault": code} out.
[, $wsdl, $style] = $argv;
$client = new SoapClient($wsdl, ['cache_wsdl' => WSDL_CACHE_NONE, 'exceptions' => true, 'keep_alive' => true]);
while (($line = fgets(STDIN)) !== false) {
    [$operation, $arguments] = json_decode($line, true, 16, JSON_THROW_ON_ERROR);
    try {
        if ($style === 'document_literal') {
            $reply = $client->__soapCall($operation, [$arguments])->return;
        } else {
            $reply = $client->__soapCall($operation, $arguments);
        }
        $out = (array) $reply;
    } catch (SoapFault $fault) {
        $out = ['fault' => $fault->faultcode];
    }
    fwrite(STDOUT, json_encode($out, JSON_THROW_ON_ERROR) . "\n");
    fflush(STDOUT);
}
