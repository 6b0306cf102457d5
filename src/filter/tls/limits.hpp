#pragma once

#include <cstddef>

namespace tombo::filter {

// What one TLS connection may cost, and how long the operator's files may be.

/// Header of a record, and the longest that TLS 1.2 allows behind it.
inline constexpr std::size_t kRecordHeaderBytes = 5;
inline constexpr std::size_t kRecordBodyBytesMax = 16'384 + 2'048;
/// Plaintext of one record.
inline constexpr std::size_t kPlainRecordBytes = 16'384;
/// A ClientHello with post-quantum keys and tickets has some 4 KB.  (A second one, after HelloRetryRequest, is held by
/// OpenSSL to its own 131,396.)
inline constexpr std::size_t kClientHelloBytesMax = 16'384;
/// A client's certificates; four of RSA 4096 have 8 KB.
inline constexpr long kClientChainBytesMax = 32'768;
/// All that a client may send until the handshake is done.
inline constexpr std::size_t kHandshakeBytesMax = 65'536;
/// Records that carry no data (KeyUpdate, attempts to renegotiate, empty ones) that a client may be ahead.  Each makes the
/// server compute keys or answer: CVE-2026-39304 was a flood of them.
inline constexpr unsigned kSilentRecordsMax = 32;
/// So many records with data make up for one without: a client with keep alive may update its keys for ever.
inline constexpr unsigned kRecordsPerSilentOne = 8;

/// What OpenSSL keeps for an idle connection (measured), and during a handshake.
inline constexpr std::size_t kSslBytes = 14'100;
inline constexpr std::size_t kHandshakeExtraBytes = 24'000;

/// Files: certificates and keys; authorities and revocation lists; pre-shared keys; an OCSP answer.
inline constexpr std::size_t kCertificateFileBytesMax = 1'048'576;
inline constexpr std::size_t kTrustFileBytesMax = 67'108'864;
inline constexpr std::size_t kPskFileBytesMax = 67'108'864;
inline constexpr std::size_t kOcspFileBytesMax = 65'536;
/// Files that are read of one directory.
inline constexpr std::size_t kDirectoryFilesMax = 10'000;
/// Authorities whose names are told to clients; of more, none are.
inline constexpr int kAuthoritiesTold = 64;
/// An identity and a key, as OpenSSL takes them.
inline constexpr std::size_t kPskIdentityBytesMax = 255;
inline constexpr std::size_t kPskKeyBytesMax = 256;
/// Identities of one ClientHello that are looked at, and questions for the key of one in a handshake: a second ClientHello
/// may name another.
inline constexpr std::size_t kPskOffersMax = 8;
inline constexpr unsigned kPskQuestionsMax = 2;
/// What a client may send while its key is asked for: what is received at once, and a record that had begun before.
inline constexpr std::size_t kHeldBytesMax = 98'304;
/// A key shorter than this earns a warning.
inline constexpr std::size_t kPskKeyBytesGood = 16;
/// Problems of one file that are told; the rest is counted.
inline constexpr std::size_t kProblemsTold = 50;

}  // namespace tombo::filter
