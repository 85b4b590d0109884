import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiError } from './http';

/** Told whenever the server's state has changed (server-sent events, at most one a second). */
export const changes = new EventTarget();

let source: EventSource | undefined;

/** Begins to listen; the browser connects again by itself. */
export function listen(): void {
  source?.close();
  source = new EventSource('/console/events');
  source.addEventListener('change', () => changes.dispatchEvent(new Event('change')));
}

/** Stops listening, at sign-out. */
export function unlisten(): void {
  source?.close();
  source = undefined;
}

export interface Live<T> {
  data: T | undefined;
  error: ApiError | undefined;
  loading: boolean; // nothing is there yet
  reload: () => void;
}

/**
 * What load answers, fetched again whenever the server's state changes. Keys are
 * what load depends on; what is shown stays until the new answer is there.
 */
export function useLive<T>(load: () => Promise<T>, keys: unknown[]): Live<T> {
  const [data, setData] = useState<T>();
  const [error, setError] = useState<ApiError>();
  const [loading, setLoading] = useState(true);
  const turn = useRef(0);
  const busy = useRef(false);
  const stale = useRef(false);
  const fetchNow = useCallback(() => {
    if (busy.current) {
      stale.current = true; // one at a time: an answer that takes long is not thrown away for the next change
      return;
    }
    const mine = turn.current;
    busy.current = true;
    const end = () => {
      if (mine !== turn.current) return false; // of other keys
      busy.current = false;
      setLoading(false);
      return true;
    };
    load()
      .then(
        value => {
          if (!end()) return;
          setData(value);
          setError(undefined);
        },
        (e: unknown) => {
          if (end()) setError(e instanceof ApiError ? e : new ApiError('Failed', String(e), 0));
        },
      )
      .finally(() => {
        if (mine === turn.current && stale.current) {
          stale.current = false;
          fetchNow();
        }
      });
  }, keys);
  useEffect(() => {
    setLoading(true);
    fetchNow();
    changes.addEventListener('change', fetchNow);
    return () => {
      turn.current++;
      busy.current = stale.current = false;
      changes.removeEventListener('change', fetchNow);
    };
  }, [fetchNow]);
  return { data, error, loading, reload: fetchNow };
}
