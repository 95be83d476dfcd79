/** What Node calls a certificate whose signer it does not trust; asking again changes nothing about it. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
]);

/** What to do where the server's certificate is signed by nobody who is trusted, as in a company's network; undefined for every other error. */
export function untrustedAdvice(error: Error): string | undefined {
  const { code, cause } = error as NodeJS.ErrnoException;
  if (code !== undefined && UNTRUSTED.has(code)) return ADVICE;
  return cause instanceof Error ? untrustedAdvice(cause) : undefined;
}

const ADVICE =
  'Nobody who is trusted has signed its certificate. Where it is the right server, name the certificate of its authority in the connection: `tls: { ca: "${file:company-ca.pem}" }`, or its file in the variable NODE_EXTRA_CA_CERTS.';
