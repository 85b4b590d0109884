import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Spinner from '@cloudscape-design/components/spinner';
import { useEffect, useState } from 'react';
import { useLocation, useParams } from 'wouter';
import { useApp } from '../../app/context';
import { dms } from '../../api/dms';
import { engines, type EndpointEngine } from '../../api/engines';
import type { ApiError } from '../../api/http';
import { certificates, endpoints, type Certificate, type Endpoint } from '../../api/migration';
import { NotFound } from '../../parts/not_found';
import { Problem } from '../../parts/problem';
import { asError } from '../../parts/use_act';
import { EndpointForm } from './form';
import { empty, input, settingsOf } from './settings';

interface Known {
  engines: EndpointEngine[];
  certificates: Certificate[];
  endpoint?: Endpoint;
}

/** Creates an endpoint, or changes the one that the path names. */
export default function EditEndpoint() {
  const route = useParams<{ name?: string }>();
  const name = route.name && decodeURIComponent(route.name);
  const { region, say } = useApp();
  const [, navigate] = useLocation();
  const [known, setKnown] = useState<Known>();
  const [error, setError] = useState<ApiError>();
  useEffect(() => {
    // not live: what somebody is typing into must not change below their hands
    Promise.all([engines(), certificates(), name ? endpoints() : []]).then(
      ([all, imported, found]) => setKnown({ engines: all, certificates: imported, endpoint: found.find(e => e.EndpointIdentifier.toLowerCase() === name?.toLowerCase()) }),
      (e: unknown) => setError(asError(e)),
    );
  }, [name, region]);
  if (known && name && !known.endpoint) return <NotFound what={`There is no endpoint ${name} in ${region}.`} />;
  const before = known?.endpoint;
  return (
    <SpaceBetween size="l">
      <Header variant="h1" description={name ? undefined : 'A database as migrations reach it. Create it, then test the connection.'}>
        {name ? `Modify ${name}` : 'Create endpoint'}
      </Header>
      <Problem error={error} what="The form could not be made" />
      {!known && !error && <Spinner size="large" />}
      {known && (
        <EndpointForm
          engines={known.engines}
          certificates={known.certificates}
          start={before ? settingsOf(before) : empty}
          before={before}
          onImported={c => setKnown({ ...known, certificates: [...known.certificates, c] })}
          onSave={async s => {
            await (before ? dms('ModifyEndpoint', { EndpointArn: before.EndpointArn, ...input(s, settingsOf(before)) }) : dms('CreateEndpoint', input(s)));
            say('success', before ? `The endpoint ${s.name} is changed. Test its connection.` : `The endpoint ${s.name} is there. Test its connection.`);
            navigate(`/endpoints/${encodeURIComponent(s.name)}`);
          }}
          onCancel={() => navigate(name ? `/endpoints/${encodeURIComponent(name)}` : '/endpoints')}
        />
      )}
    </SpaceBetween>
  );
}
