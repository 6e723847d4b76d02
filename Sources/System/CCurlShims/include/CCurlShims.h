#pragma once
#include <curl/curl.h>
#include <stddef.h>
#include <stdint.h>

// curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt are variadic, which Swift cannot call: one door for each
// class of argument.

CURLcode curl_shim_set_long(CURL *_Nonnull handle, CURLoption option, long value);
CURLcode curl_shim_set_size(CURL *_Nonnull handle, CURLoption option, curl_off_t value);
CURLcode curl_shim_set_text(CURL *_Nonnull handle, CURLoption option, const char *_Nonnull text);
CURLcode curl_shim_set_pointer(CURL *_Nonnull handle, CURLoption option, void *_Nullable pointer);
CURLcode curl_shim_set_bytes(CURL *_Nonnull handle, CURLoption option, const uint8_t *_Nonnull bytes);
CURLcode curl_shim_set_list(CURL *_Nonnull handle, CURLoption option, struct curl_slist *_Nullable list);

// What takes a piece of a body, or a line of a head; anything but `count` ends the transfer.
typedef size_t (*curl_shim_sink)(char *_Nonnull bytes, size_t size, size_t count, void *_Nullable context);
CURLcode curl_shim_set_sink(CURL *_Nonnull handle, CURLoption option, curl_shim_sink _Nonnull sink);

// Whether a connection to an address may be made: 4 or 16 bytes in network order.
typedef int (*curl_shim_address_rule)(const uint8_t *_Nonnull address, size_t length);
// Asks the rule for each resolved address, before a socket is opened.
CURLcode curl_shim_guard_addresses(CURL *_Nonnull handle, curl_shim_address_rule _Nonnull rule);

CURLcode curl_shim_status(CURL *_Nonnull handle, long *_Nonnull status);
// The errno of the last failed attempt to connect; 0 when there was no attempt.
CURLcode curl_shim_connect_errno(CURL *_Nonnull handle, long *_Nonnull number);
CURLMcode curl_shim_multi_set_long(CURLM *_Nonnull multi, CURLMoption option, long value);
// The next transfer that has ended; 0 when there is none.
int curl_shim_next_done(CURLM *_Nonnull multi, CURL *_Nullable *_Nonnull handle, CURLcode *_Nonnull result);
