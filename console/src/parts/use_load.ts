import { useCallback, useEffect, useRef, useState } from 'react';
import type { ApiError } from '../api/http';
import type { Live } from '../api/live';
import { asError } from './use_act';

/** As useLive, fetched again only when a key changes or somebody asks: for what costs the server a handshake. */
export function useLoad<T>(load: () => Promise<T>, keys: unknown[]): Live<T> {
  const [data, setData] = useState<T>();
  const [error, setError] = useState<ApiError>();
  const [loading, setLoading] = useState(true);
  const turn = useRef(0);
  const reload = useCallback(() => {
    const mine = ++turn.current;
    setLoading(true);
    load()
      .then(
        value => mine === turn.current && (setData(value), setError(undefined)),
        (e: unknown) => mine === turn.current && (setData(undefined), setError(asError(e))),
      )
      .finally(() => mine === turn.current && setLoading(false));
  }, keys);
  useEffect(() => {
    reload();
    return () => void turn.current++;
  }, [reload]);
  return { data, error, loading, reload };
}
