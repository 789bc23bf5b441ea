#!/usr/bin/perl
# The operations that SOAP::Lite finds in a WSDL: perl load.pl URL
# One line per port that offers any: its operations, each also callable on the service object that it builds.
use strict;
use warnings;
use SOAP::Lite;

my ($url) = @ARGV;
my $services = SOAP::Schema->new(schema_url => $url)->parse->services;
my $service = SOAP::Lite->service($url);
for my $port (sort keys %$services) {
    my @names = sort keys %{ $services->{$port} };
    my @lost = grep { !$service->can($_) } @names;
    die "not callable: @lost\n" if @lost;
    print "@names\n";
}
