import { ApiError, send } from './http';

/** One action of the DMS API, as AWS spells its fields. */
export async function dms<T>(action: string, body: unknown = {}): Promise<T> {
  const response = await send('/console/api/dms', {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'Content-Type': 'application/x-amz-json-1.1', 'X-Amz-Target': `AmazonDMSv20160101.${action}` },
  });
  const text = await response.text();
  const out = text ? JSON.parse(text) : {};
  if (!response.ok) {
    throw new ApiError(String(out.__type ?? 'Failed').split('#').pop()!, out.message ?? out.Message ?? `The server answered ${response.status}.`, response.status, response.headers.get('x-amzn-requestid') ?? '');
  }
  return out as T;
}
