#pragma once
#include <curl/curl.h>

// curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt are variadic, which Swift cannot call: one door for each
// class of argument.

CURLcode curl_shim_set_long(CURL *_Nonnull handle, CURLoption option, long value);
