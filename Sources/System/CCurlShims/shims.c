#include "CCurlShims.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

CURLcode curl_shim_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

CURLcode curl_shim_set_size(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

CURLcode curl_shim_set_text(CURL *handle, CURLoption option, const char *text) {
    return curl_easy_setopt(handle, option, text);
}

CURLcode curl_shim_set_pointer(CURL *handle, CURLoption option, void *pointer) {
    return curl_easy_setopt(handle, option, pointer);
}

CURLcode curl_shim_set_bytes(CURL *handle, CURLoption option, const uint8_t *bytes) {
    return curl_easy_setopt(handle, option, bytes);
}

CURLcode curl_shim_set_list(CURL *handle, CURLoption option, struct curl_slist *list) {
    return curl_easy_setopt(handle, option, list);
}

CURLcode curl_shim_set_sink(CURL *handle, CURLoption option, curl_shim_sink sink) {
    return curl_easy_setopt(handle, option, sink);
}

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)purpose;
    curl_shim_address_rule rule;
    memcpy(&rule, &context, sizeof rule);
    int allowed = 0;
    if (address->family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->addr;
        allowed = rule((const uint8_t *)&v4->sin_addr, 4);
    } else if (address->family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)&address->addr;
        allowed = rule((const uint8_t *)&v6->sin6_addr, 16);
    }
    if (!allowed) return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

CURLcode curl_shim_guard_addresses(CURL *handle, curl_shim_address_rule rule) {
    void *context;
    memcpy(&context, &rule, sizeof context);
    CURLcode result = curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    return result ? result : curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, context);
}

CURLcode curl_shim_status(CURL *handle, long *status) {
    return curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, status);
}

CURLMcode curl_shim_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

int curl_shim_next_done(CURLM *multi, CURL **handle, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left))) {
        if (message->msg != CURLMSG_DONE) continue;
        *handle = message->easy_handle;
        *result = message->data.result;
        return 1;
    }
    return 0;
}

CURLcode curl_shim_connect_errno(CURL *handle, long *number) {
    return curl_easy_getinfo(handle, CURLINFO_OS_ERRNO, number);
}
