import { ApiError, send } from './http';

async function answer<T>(response: Response): Promise<T> {
  const text = await response.text();
  if (response.ok) return JSON.parse(text) as T;
  try {
    const e = JSON.parse(text) as { code: string; message: string; request_id: string };
    throw new ApiError(e.code, e.message, response.status, e.request_id);
  } catch (e) {
    if (e instanceof ApiError) throw e;
    throw new ApiError('Failed', `The server answered ${response.status}.`, response.status);
  }
}

/** A query of dbtls's own API: get('instances/shop/chain', { since: '30d' }). */
export async function get<T>(path: string, query: Record<string, string | undefined> = {}): Promise<T> {
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined && value !== '') q.set(name, value);
  return answer<T>(await send(`/api/v1/${path}${q.size ? `?${q}` : ''}`));
}

/** A change by dbtls's own API. */
export async function post<T>(path: string, body: unknown = {}, method: 'POST' | 'DELETE' = 'POST'): Promise<T> {
  return answer<T>(await send(`/api/v1/${path}`, { method, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }));
}
