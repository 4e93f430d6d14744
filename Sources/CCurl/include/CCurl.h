#ifndef BRIGADE_CCURL_H
#define BRIGADE_CCURL_H
#include <curl/curl.h>
#endif
