/* A server that answers both SOAP dialects at once, with one line for every number asked: canned_server.py in C.

   It is several times faster than the one in Python, so that what is measured is the client. It speaks as much HTTP as
   the contenders do, prints its port, keeps the last message for GET /last, and ends when its standard input does. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { CONNECTIONS = 256, REQUEST = 1 << 18, REPLY = 1 << 18 };

typedef struct {
    size_t length;
    char data[REQUEST + 1];
} Buffer;

static struct pollfd watched[CONNECTIONS];
static Buffer *pending[CONNECTIONS];
static int connections;
static Buffer last;
static char body[REPLY], reply[REPLY + 512];

static int put_lines(char *to, const char *from, const char *end, const char *opening, const char *closing) {
    char *start = to;
    int count = 0;
    for (const char *at = from; at < end; at++)
        count += at[0] == '>' && at[1] >= '0' && at[1] <= '9';
    for (const char *at = from; at < end; at++) {
        if (at[0] != '>' || at[1] < '0' || at[1] > '9')
            continue;
        int digits = (int)strspn(at + 1, "0123456789");
        unsigned long hash = 1469598103934665603ul;
        for (int index = 1; index <= digits; index++)
            hash = (hash ^ (unsigned char)at[index]) * 1099511628211ul;
        to += sprintf(to, "%sID: %016lx%016lx", opening, hash, hash * 0x9e3779b97f4a7c15ul);
        if (count > 1) /* to a single recipient the gateway says no To: */
            to += sprintf(to, " To: %.*s", digits, at + 1);
        to += sprintf(to, "%s", closing);
    }
    return (int)(to - start);
}

static size_t answer(const char *head, char *message, size_t length) {
    const char *type = "text/xml; charset=utf-8";
    size_t size = 0;
    if (!strncmp(head, "GET /last", 9)) {
        memcpy(body, last.data, size = last.length);
    } else {
        int document = strstr(head, "/document_literal/webservice HTTP") != NULL;
        memcpy(last.data, message, last.length = length);
        message[length] = 0;
        int login = strstr(message, ":auth>") || strstr(message, ":auth ");
        const char *name = login ? "auth" : "sendmsg";
        size = (size_t)sprintf(
            body,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<SOAP-ENV:Envelope"
            " xmlns:SOAP-ENV=\"http://schemas.xmlsoap.org/soap/envelope/\""
            " xmlns:ns1=\"http://api.clickatell.com/soap/%swebservice\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\""
            " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
            " xmlns:SOAP-ENC=\"http://schemas.xmlsoap.org/soap/encoding/\"><SOAP-ENV:Body><ns1:%sResponse>",
            document ? "document_literal/" : "", name);
        const char *from = strstr(message, "<to"), *end = message + length;
        if (login) {
            size += (size_t)sprintf(body + size, "<return xsi:type=\"xsd:string\">OK: 5f8a1f3e2d4c6b7a8091a2b3c4d5e6f7</return>");
        } else if (from) {
            while (end > from && strncmp(end, "</to>", 5))
                end--;
            if (document) {
                size += (size_t)put_lines(body + size, from, end, "<return>", "</return>");
            } else {
                size += (size_t)sprintf(body + size, "<return SOAP-ENC:arrayType=\"xsd:string[]\" xsi:type=\"ns1:ArrayOfString\">");
                size += (size_t)put_lines(body + size, from, end, "<item xsi:type=\"xsd:string\">", "</item>");
                size += (size_t)sprintf(body + size, "</return>");
            }
        }
        size += (size_t)sprintf(body + size, "</ns1:%sResponse></SOAP-ENV:Body></SOAP-ENV:Envelope>\n", name);
    }
    size_t whole = (size_t)sprintf(
        reply,
        "HTTP/1.1 200 OK\r\nDate: Tue, 01 Jul 2025 10:00:00 GMT\r\nServer: Apache\r\n"
        "Content-Length: %zu\r\nConnection: keep-alive\r\nContent-Type: %s\r\n\r\n", size, type);
    memcpy(reply + whole, body, size);
    return whole + size;
}

static int write_all(int fd, const char *data, size_t length) {
    while (length) {
        ssize_t sent = write(fd, data, length);
        if (sent <= 0)
            return 0;
        data += sent;
        length -= (size_t)sent;
    }
    return 1;
}

static int serve(int fd, Buffer *buffer) {
    ssize_t got = read(fd, buffer->data + buffer->length, REQUEST - buffer->length);
    if (got <= 0)
        return 0;
    buffer->length += (size_t)got;
    for (;;) {
        buffer->data[buffer->length] = 0;
        char *end = strstr(buffer->data, "\r\n\r\n");
        if (!end)
            return buffer->length < REQUEST;
        *end = 0;
        const char *stated = strcasestr(buffer->data, "\r\ncontent-length:");
        size_t length = stated ? strtoul(stated + 17, NULL, 10) : 0;
        size_t whole = (size_t)(end + 4 - buffer->data) + length;
        if (buffer->length < whole) {
            *end = '\r';
            return whole <= REQUEST;
        }
        char behind = buffer->data[whole];
        if (!write_all(fd, reply, answer(buffer->data, end + 4, length)))
            return 0;
        buffer->data[whole] = behind;
        memmove(buffer->data, buffer->data + whole, buffer->length -= whole);
    }
}

int main(void) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof place;
    int on = 1, listening = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listening, (struct sockaddr *)&place, size) || listen(listening, CONNECTIONS) ||
        getsockname(listening, (struct sockaddr *)&place, &size))
        return 1;
    printf("%d\n", ntohs(place.sin_port));
    fflush(stdout);
    watched[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    watched[1] = (struct pollfd){.fd = listening, .events = POLLIN};
    connections = 2;
    while (poll(watched, (nfds_t)connections, -1) > 0 && !watched[0].revents) {
        for (int index = connections - 1; index > 1; index--)
            if (watched[index].revents && !serve(watched[index].fd, pending[index])) {
                close(watched[index].fd);
                free(pending[index]);
                watched[index] = watched[--connections];
                pending[index] = pending[connections];
            }
        if (watched[1].revents && connections < CONNECTIONS) {
            int fd = accept(listening, NULL, NULL);
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            watched[connections] = (struct pollfd){.fd = fd, .events = POLLIN};
            pending[connections++] = calloc(1, sizeof(Buffer));
        }
    }
    return 0;
}
