import Alert from '@cloudscape-design/components/alert';
import Box from '@cloudscape-design/components/box';
import { useEffect, useState } from 'react';
import type { ForcePlan } from '../../api/force_tls';
import { get } from '../../api/native';
import { words, type Kind } from './data';
import { count, gaps } from './force/report';
import { users } from './users';

interface Props {
  kind: Kind;
  group: string;
  parameter: string;
}

/** Whom a change of a parameter touches; of the one that forces TLS, which clients. */
export function Touched({ kind, group, parameter }: Props) {
  const [total, setTotal] = useState<number>();
  const [plan, setPlan] = useState<ForcePlan>();
  useEffect(() => {
    let over = false;
    // without these the change can be made all the same
    users(kind, group).then(u => !over && setTotal(u.total), () => undefined);
    const q = new URLSearchParams({ state: 'on', kind: words[kind].force });
    get<ForcePlan>(`force-tls/${encodeURIComponent(group)}/plan?${q}`).then(p => !over && setPlan(p), () => undefined);
    return () => {
      over = true;
    };
  }, [kind, group]);
  const forces = plan?.parameter === parameter;
  const refused = plan ? count(plan, 'REFUSED') : 0;
  return (
    <>
      {total !== undefined && <Box color="text-body-secondary">{total === 0 ? 'No instance uses the group.' : total === 1 ? 'It touches one instance.' : `It touches ${total} instances.`}</Box>}
      {forces && (
        <Alert type="warning" header="This parameter forces TLS">
          {refused > 0 ? (refused === 1 ? 'One client that was seen is refused when it is on. ' : `${refused} clients that were seen are refused when it is on. `) : ''}
          {plan && gaps(plan) ? 'Not every login was watched. ' : ''}
          Force TLS, at the top of this page, names them and can undo the change by itself; here it is made without a way back.
        </Alert>
      )}
    </>
  );
}
