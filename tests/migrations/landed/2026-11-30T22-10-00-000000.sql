--
-- PostgreSQL database dump
--


-- Dumped from database version 18.6
-- Dumped by pg_dump version 18.6

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: job_move_is_legal(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.job_move_is_legal() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    BEGIN
      IF (OLD.status, NEW.status) NOT IN (
        ('PENDING', 'QUEUED'), ('PENDING', 'CANCELLED'),
        ('QUEUED', 'RUNNING'), ('QUEUED', 'CANCELLED'), ('QUEUED', 'FAILED'),
        ('RUNNING', 'COMPLETED'), ('RUNNING', 'FAILED'), ('RUNNING', 'CANCELLATION_REQUESTED'), ('RUNNING', 'QUEUED'),
        ('CANCELLATION_REQUESTED', 'CANCELLED'),
        ('FAILED', 'QUEUED'), ('CANCELLED', 'QUEUED')
      ) THEN
        RAISE EXCEPTION 'a job cannot move from % to %', OLD.status, NEW.status USING ERRCODE = 'check_violation';
      END IF;
      RETURN NEW;
    END $$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: account; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.account (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    email text,
    username text,
    password_hash text,
    first_name text,
    last_name text,
    role text DEFAULT 'user'::text NOT NULL,
    token_version integer DEFAULT 0 NOT NULL,
    last_ip text,
    merged_into uuid,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    expires_at timestamp with time zone,
    closed_at timestamp with time zone,
    rows_full boolean DEFAULT false NOT NULL,
    CONSTRAINT account_email_lower CHECK ((email = lower(email))),
    CONSTRAINT account_role CHECK ((role = ANY (ARRAY['admin'::text, 'user'::text, 'demo_user'::text]))),
    CONSTRAINT account_username_no_at CHECK ((POSITION(('@'::text) IN (username)) = 0))
);


--
-- Name: conversion_file; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.conversion_file (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    guest uuid NOT NULL,
    job_id uuid DEFAULT gen_random_uuid() NOT NULL,
    file_name text DEFAULT ''::text NOT NULL,
    object uuid,
    job uuid,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    expires_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);


--
-- Name: crashed_job; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.crashed_job (
    id integer NOT NULL,
    owner uuid NOT NULL,
    engine text NOT NULL,
    by_etags text NOT NULL,
    by_hashes text,
    at timestamp with time zone DEFAULT now() NOT NULL
);


--
-- Name: crashed_job_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.crashed_job_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: crashed_job_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.crashed_job_id_seq OWNED BY public.crashed_job.id;


--
-- Name: job; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.job (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    owner uuid NOT NULL,
    api text DEFAULT ''::text CONSTRAINT job_door_not_null NOT NULL,
    lane text DEFAULT ''::text NOT NULL,
    pipeline jsonb DEFAULT '[]'::jsonb NOT NULL,
    options jsonb DEFAULT '{}'::jsonb NOT NULL,
    as_sent text DEFAULT '[]'::text NOT NULL,
    status text DEFAULT 'PENDING'::text NOT NULL,
    progress real DEFAULT 0.0 NOT NULL,
    phase text,
    fence integer DEFAULT 0 NOT NULL,
    runs integer DEFAULT 0 NOT NULL,
    events integer DEFAULT 0 NOT NULL,
    queued_at timestamp with time zone,
    due_at timestamp with time zone,
    lease_until timestamp with time zone,
    worker text,
    engine text,
    result jsonb,
    error_code text,
    error_message text,
    at_fault text,
    idempotency_key text,
    body_hash text,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    expires_at timestamp with time zone,
    workers_lost integer DEFAULT 0 NOT NULL,
    share uuid,
    CONSTRAINT job_at_fault CHECK ((at_fault = ANY (ARRAY['caller'::text, 'us'::text]))),
    CONSTRAINT job_error_when_failed CHECK (((status = 'FAILED'::text) = (error_code IS NOT NULL))),
    CONSTRAINT job_lease_when_held CHECK (((lease_until IS NOT NULL) = (status = ANY (ARRAY['RUNNING'::text, 'CANCELLATION_REQUESTED'::text])))),
    CONSTRAINT job_phase_while_held CHECK (((phase IS NULL) OR (status = ANY (ARRAY['RUNNING'::text, 'CANCELLATION_REQUESTED'::text])))),
    CONSTRAINT job_status CHECK ((status = ANY (ARRAY['PENDING'::text, 'QUEUED'::text, 'RUNNING'::text, 'CANCELLATION_REQUESTED'::text, 'COMPLETED'::text, 'FAILED'::text, 'CANCELLED'::text])))
)
WITH (fillfactor='70');


--
-- Name: job_event; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.job_event (
    id integer NOT NULL,
    job uuid NOT NULL,
    n integer DEFAULT 0 NOT NULL,
    at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    kind text DEFAULT ''::text NOT NULL,
    data jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT job_event_kind CHECK ((kind = ANY (ARRAY['moved'::text, 'phase'::text, 'warning'::text])))
);


--
-- Name: job_event_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.job_event_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: job_event_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.job_event_id_seq OWNED BY public.job_event.id;


--
-- Name: job_file; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.job_file (
    id integer NOT NULL,
    job uuid NOT NULL,
    side text DEFAULT ''::text NOT NULL,
    name text DEFAULT ''::text NOT NULL,
    file_name text DEFAULT ''::text NOT NULL,
    announced_size bigint,
    object uuid,
    marked_at timestamp with time zone,
    CONSTRAINT job_file_side CHECK ((side = ANY (ARRAY['in'::text, 'out'::text])))
);


--
-- Name: job_file_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.job_file_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: job_file_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.job_file_id_seq OWNED BY public.job_file.id;


--
-- Name: migration; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.migration (
    id integer NOT NULL,
    name character varying(200) DEFAULT ''::character varying NOT NULL,
    app_name character varying(200) DEFAULT ''::character varying NOT NULL,
    ran_on timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);


--
-- Name: migration_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.migration_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: migration_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.migration_id_seq OWNED BY public.migration.id;


--
-- Name: object; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.object (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    owner uuid,
    job uuid,
    fence integer,
    key text DEFAULT ''::text NOT NULL,
    state text DEFAULT 'arriving'::text NOT NULL,
    media_type text,
    size bigint,
    etag text,
    sha256 text,
    scan text DEFAULT 'not scanned'::text NOT NULL,
    upload_id text,
    writable_until timestamp with time zone,
    removed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    expires_at timestamp with time zone,
    hash_due timestamp with time zone,
    most_bytes bigint,
    landed_bytes bigint,
    refused text,
    CONSTRAINT object_state CHECK ((state = ANY (ARRAY['arriving'::text, 'stored'::text, 'leaving'::text]))),
    CONSTRAINT object_stored_whole CHECK (((state <> 'stored'::text) OR ((size IS NOT NULL) AND (etag IS NOT NULL))))
);


--
-- Name: second_factor; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.second_factor (
    account uuid NOT NULL,
    totp_secret text DEFAULT ''::text NOT NULL,
    confirmed_at timestamp with time zone,
    last_step bigint DEFAULT 0 NOT NULL,
    recovery_hashes text DEFAULT '[]'::text NOT NULL
);


--
-- Name: sign_in; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sign_in (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    account uuid NOT NULL,
    address text DEFAULT ''::text NOT NULL,
    api text DEFAULT ''::text CONSTRAINT sign_in_door_not_null NOT NULL,
    refresh_hash text,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    expires_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    ended_at timestamp with time zone
);


--
-- Name: sign_in_attempt; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.sign_in_attempt (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text DEFAULT ''::text NOT NULL,
    address text DEFAULT ''::text NOT NULL,
    at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);


--
-- Name: worker; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.worker (
    id text DEFAULT ''::text NOT NULL,
    host text DEFAULT ''::text NOT NULL,
    lane text DEFAULT ''::text NOT NULL,
    slots integer DEFAULT 0 NOT NULL,
    engines jsonb DEFAULT '{}'::jsonb NOT NULL,
    sandbox text DEFAULT ''::text CONSTRAINT worker_cage_not_null NOT NULL,
    store_away_since timestamp with time zone,
    seen_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    pairs jsonb
);


--
-- Name: crashed_job id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.crashed_job ALTER COLUMN id SET DEFAULT nextval('public.crashed_job_id_seq'::regclass);


--
-- Name: job_event id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job_event ALTER COLUMN id SET DEFAULT nextval('public.job_event_id_seq'::regclass);


--
-- Name: job_file id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job_file ALTER COLUMN id SET DEFAULT nextval('public.job_file_id_seq'::regclass);


--
-- Name: migration id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.migration ALTER COLUMN id SET DEFAULT nextval('public.migration_id_seq'::regclass);


--
-- Data for Name: account; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.account VALUES ('00000000-0000-4000-8000-0000000000a1', 'ann@example.com', NULL, 'not a hash', NULL, NULL, 'user', 0, NULL, NULL, '2026-11-21 10:00:00+00', NULL, NULL, false);


--
-- Data for Name: conversion_file; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: crashed_job; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: job; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.job VALUES ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-0000000000a1', 'data', 'tables', '[{"type": "limit", "params": {"n": 1}}]', '{}', '[{"type":"limit","params":{"n":1}}]', 'PENDING', 0, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-21 10:00:01+00', '2026-11-21 10:00:01+00', NULL, NULL, NULL, 0, NULL);
INSERT INTO public.job VALUES ('00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-0000000000a1', 'data', 'tables', '[{"type": "limit", "params": {"n": 1}}]', '{}', '[{"type":"limit","params":{"n":1}}]', 'QUEUED', 0, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-21 10:00:02+00', '2026-11-21 10:00:02+00', NULL, NULL, NULL, 0, NULL);
INSERT INTO public.job VALUES ('00000000-0000-4000-8000-000000000003', '00000000-0000-4000-8000-0000000000a1', 'data', 'tables', '[{"type": "limit", "params": {"n": 1}}]', '{}', '[{"type":"limit","params":{"n":1}}]', 'COMPLETED', 0, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-21 10:00:03+00', '2026-11-21 10:00:03+00', NULL, NULL, NULL, 0, NULL);
INSERT INTO public.job VALUES ('00000000-0000-4000-8000-000000000004', '00000000-0000-4000-8000-0000000000a1', 'data', 'tables', '[{"type": "limit", "params": {"n": 1}}]', '{}', '[{"type":"limit","params":{"n":1}}]', 'CANCELLED', 0, NULL, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2026-11-21 10:00:04+00', '2026-11-21 10:00:04+00', NULL, NULL, NULL, 0, NULL);


--
-- Data for Name: job_event; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.job_event VALUES (1, '00000000-0000-4000-8000-000000000003', 1, '2026-11-21 10:00:07+00', 'moved', '{"to": "PENDING", "from": null}');


--
-- Data for Name: job_file; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.job_file VALUES (1, '00000000-0000-4000-8000-000000000003', 'in', 'input', 'in.csv', 3, '00000000-0000-4000-8000-000000000101', '2026-11-21 10:00:06+00');
INSERT INTO public.job_file VALUES (2, '00000000-0000-4000-8000-000000000003', 'out', 'output', 'in_processed.csv', NULL, '00000000-0000-4000-8000-000000000102', NULL);
INSERT INTO public.job_file VALUES (3, '00000000-0000-4000-8000-000000000001', 'in', 'input', 'in.csv', 3, NULL, NULL);
INSERT INTO public.job_file VALUES (4, '00000000-0000-4000-8000-000000000002', 'in', 'input', 'in.csv', 3, NULL, NULL);


--
-- Data for Name: migration; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.migration VALUES (1, '2026-11-21T10:05:15:595671', 'filemill', '2026-11-30 22:14:36.187513');
INSERT INTO public.migration VALUES (2, '2026-11-21T10:10:00:000000', 'filemill', '2026-11-30 22:14:36.29343');
INSERT INTO public.migration VALUES (3, '2026-11-21T15:00:00:000000', 'filemill', '2026-11-30 22:14:36.295025');
INSERT INTO public.migration VALUES (4, '2026-11-21T15:30:00:000000', 'filemill', '2026-11-30 22:14:36.305029');
INSERT INTO public.migration VALUES (5, '2026-11-21T15:31:00:000000', 'filemill', '2026-11-30 22:14:36.307519');
INSERT INTO public.migration VALUES (6, '2026-11-21T19:42:14:953442', 'filemill', '2026-11-30 22:14:36.345141');
INSERT INTO public.migration VALUES (7, '2026-11-21T19:43:00:000000', 'filemill', '2026-11-30 22:14:36.353807');
INSERT INTO public.migration VALUES (8, '2026-11-21T20:20:00:000000', 'filemill', '2026-11-30 22:14:36.359678');
INSERT INTO public.migration VALUES (9, '2026-11-21T20:36:06:097909', 'filemill', '2026-11-30 22:14:36.374398');
INSERT INTO public.migration VALUES (10, '2026-11-30T18:00:00:000000', 'filemill', '2026-11-30 22:14:36.415898');
INSERT INTO public.migration VALUES (11, '2026-11-30T18:40:00:000000', 'filemill', '2026-11-30 22:14:36.429103');
INSERT INTO public.migration VALUES (12, '2026-11-30T19:00:00:000000', 'filemill', '2026-11-30 22:14:36.444566');
INSERT INTO public.migration VALUES (13, '2026-11-30T21:30:00:000000', 'filemill', '2026-11-30 22:14:36.525615');
INSERT INTO public.migration VALUES (14, '2026-11-30T21:31:00:000000', 'filemill', '2026-11-30 22:14:36.53603');
INSERT INTO public.migration VALUES (15, '2026-11-30T21:45:00:000000', 'filemill', '2026-11-30 22:14:36.553832');
INSERT INTO public.migration VALUES (16, '2026-11-30T21:46:00:000000', 'filemill', '2026-11-30 22:14:36.557035');
INSERT INTO public.migration VALUES (17, '2026-11-30T21:47:00:000000', 'filemill', '2026-11-30 22:14:36.581369');
INSERT INTO public.migration VALUES (18, '2026-11-30T22:10:00:000000', 'filemill', '2026-11-30 22:14:36.583462');


--
-- Data for Name: object; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.object VALUES ('00000000-0000-4000-8000-000000000101', '00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-000000000003', NULL, 'input/3/in.csv', 'stored', NULL, 3, 'etag', NULL, 'not scanned', NULL, NULL, NULL, '2026-11-21 10:00:05+00', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.object VALUES ('00000000-0000-4000-8000-000000000102', '00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-000000000003', 1, 'output/3/in_processed.csv', 'stored', NULL, 3, 'etag', NULL, 'not scanned', NULL, NULL, NULL, '2026-11-21 10:00:05+00', NULL, NULL, NULL, NULL, NULL);


--
-- Data for Name: second_factor; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: sign_in; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: sign_in_attempt; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: worker; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Name: crashed_job_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.crashed_job_id_seq', 1, false);


--
-- Name: job_event_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.job_event_id_seq', 1, true);


--
-- Name: job_file_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.job_file_id_seq', 4, true);


--
-- Name: migration_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.migration_id_seq', 18, true);


--
-- Name: account account_email_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_email_key UNIQUE (email);


--
-- Name: account account_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (id);


--
-- Name: account account_username_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_username_key UNIQUE (username);


--
-- Name: conversion_file conversion_file_job_id_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conversion_file
    ADD CONSTRAINT conversion_file_job_id_once UNIQUE (guest, job_id);


--
-- Name: conversion_file conversion_file_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conversion_file
    ADD CONSTRAINT conversion_file_pkey PRIMARY KEY (id);


--
-- Name: crashed_job crashed_job_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.crashed_job
    ADD CONSTRAINT crashed_job_pkey PRIMARY KEY (id);


--
-- Name: job_event job_event_n_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job_event
    ADD CONSTRAINT job_event_n_once UNIQUE (job, n);


--
-- Name: job_event job_event_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job_event
    ADD CONSTRAINT job_event_pkey PRIMARY KEY (id);


--
-- Name: job_file job_file_name_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job_file
    ADD CONSTRAINT job_file_name_once UNIQUE (job, side, name);


--
-- Name: job_file job_file_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job_file
    ADD CONSTRAINT job_file_pkey PRIMARY KEY (id);


--
-- Name: job job_owner_idempotency_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job
    ADD CONSTRAINT job_owner_idempotency_key UNIQUE (owner, idempotency_key);


--
-- Name: job job_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job
    ADD CONSTRAINT job_pkey PRIMARY KEY (id);


--
-- Name: migration migration_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (id);


--
-- Name: object object_key_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.object
    ADD CONSTRAINT object_key_key UNIQUE (key);


--
-- Name: object object_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.object
    ADD CONSTRAINT object_pkey PRIMARY KEY (id);


--
-- Name: second_factor second_factor_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.second_factor
    ADD CONSTRAINT second_factor_pkey PRIMARY KEY (account);


--
-- Name: sign_in_attempt sign_in_attempt_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sign_in_attempt
    ADD CONSTRAINT sign_in_attempt_pkey PRIMARY KEY (id);


--
-- Name: sign_in sign_in_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sign_in
    ADD CONSTRAINT sign_in_pkey PRIMARY KEY (id);


--
-- Name: worker worker_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.worker
    ADD CONSTRAINT worker_pkey PRIMARY KEY (id);


--
-- Name: account_closed; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX account_closed ON public.account USING btree (closed_at) WHERE (closed_at IS NOT NULL);


--
-- Name: account_expires; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX account_expires ON public.account USING btree (expires_at) WHERE (expires_at IS NOT NULL);


--
-- Name: account_merged; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX account_merged ON public.account USING btree (merged_into) WHERE (merged_into IS NOT NULL);


--
-- Name: conversion_file_expires_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX conversion_file_expires_at ON public.conversion_file USING btree (expires_at);


--
-- Name: conversion_file_job; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX conversion_file_job ON public.conversion_file USING btree (job);


--
-- Name: conversion_file_object; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX conversion_file_object ON public.conversion_file USING btree (object);


--
-- Name: crashed_job_owner; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX crashed_job_owner ON public.crashed_job USING btree (owner);


--
-- Name: job_crashed; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX job_crashed ON public.job USING btree (ended_at) WHERE (error_code = 'crashed'::text);


--
-- Name: job_expires; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX job_expires ON public.job USING btree (expires_at) WHERE (expires_at IS NOT NULL);


--
-- Name: job_file_object; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX job_file_object ON public.job_file USING btree (object);


--
-- Name: job_held; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX job_held ON public.job USING btree (lane, COALESCE(share, owner)) WHERE (status = ANY (ARRAY['RUNNING'::text, 'CANCELLATION_REQUESTED'::text]));


--
-- Name: job_lease; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX job_lease ON public.job USING btree (lease_until) WHERE (status = ANY (ARRAY['RUNNING'::text, 'CANCELLATION_REQUESTED'::text]));


--
-- Name: job_newest; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX job_newest ON public.job USING btree (owner, created_at DESC, id DESC);


--
-- Name: job_open; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX job_open ON public.job USING btree (owner) WHERE (status = ANY (ARRAY['PENDING'::text, 'QUEUED'::text, 'RUNNING'::text, 'CANCELLATION_REQUESTED'::text]));


--
-- Name: job_waiting; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX job_waiting ON public.job USING btree (lane, queued_at) WHERE (status = 'QUEUED'::text);


--
-- Name: job_waiting_share; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX job_waiting_share ON public.job USING btree (lane, COALESCE(share, owner), queued_at) WHERE (status = 'QUEUED'::text);


--
-- Name: object_arriving; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX object_arriving ON public.object USING btree (job) WHERE (state = 'arriving'::text);


--
-- Name: object_expires; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX object_expires ON public.object USING btree (expires_at) WHERE ((state = 'stored'::text) AND (expires_at IS NOT NULL));


--
-- Name: object_hash_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX object_hash_due ON public.object USING btree (size) WHERE (hash_due IS NOT NULL);


--
-- Name: object_job; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX object_job ON public.object USING btree (job);


--
-- Name: object_leaving; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX object_leaving ON public.object USING btree (writable_until) WHERE (state = 'leaving'::text);


--
-- Name: object_owner; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX object_owner ON public.object USING btree (owner);


--
-- Name: object_uploads; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX object_uploads ON public.object USING btree (writable_until) WHERE (most_bytes IS NOT NULL);


--
-- Name: sign_in_account; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sign_in_account ON public.sign_in USING btree (account);


--
-- Name: sign_in_attempt_address; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sign_in_attempt_address ON public.sign_in_attempt USING btree (address);


--
-- Name: sign_in_attempt_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sign_in_attempt_at ON public.sign_in_attempt USING btree (at);


--
-- Name: sign_in_attempt_name; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sign_in_attempt_name ON public.sign_in_attempt USING btree (name);


--
-- Name: sign_in_expires_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sign_in_expires_at ON public.sign_in USING btree (expires_at);


--
-- Name: sign_in_known; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sign_in_known ON public.sign_in USING btree (account, address);


--
-- Name: job job_moves; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER job_moves BEFORE UPDATE OF status ON public.job FOR EACH ROW WHEN ((old.status IS DISTINCT FROM new.status)) EXECUTE FUNCTION public.job_move_is_legal();


--
-- Name: account account_merged_into_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_merged_into_fkey FOREIGN KEY (merged_into) REFERENCES public.account(id) ON UPDATE CASCADE ON DELETE CASCADE;


--
-- Name: conversion_file conversion_file_guest_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conversion_file
    ADD CONSTRAINT conversion_file_guest_fkey FOREIGN KEY (guest) REFERENCES public.account(id) ON UPDATE CASCADE ON DELETE CASCADE;


--
-- Name: conversion_file conversion_file_job_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conversion_file
    ADD CONSTRAINT conversion_file_job_fkey FOREIGN KEY (job) REFERENCES public.job(id) ON UPDATE CASCADE ON DELETE SET NULL;


--
-- Name: conversion_file conversion_file_object_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.conversion_file
    ADD CONSTRAINT conversion_file_object_fkey FOREIGN KEY (object) REFERENCES public.object(id) ON UPDATE CASCADE ON DELETE SET NULL;


--
-- Name: crashed_job crashed_job_owner_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.crashed_job
    ADD CONSTRAINT crashed_job_owner_fkey FOREIGN KEY (owner) REFERENCES public.account(id) ON DELETE CASCADE;


--
-- Name: job_event job_event_job_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job_event
    ADD CONSTRAINT job_event_job_fkey FOREIGN KEY (job) REFERENCES public.job(id) ON UPDATE CASCADE ON DELETE CASCADE;


--
-- Name: job_file job_file_job_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job_file
    ADD CONSTRAINT job_file_job_fkey FOREIGN KEY (job) REFERENCES public.job(id) ON UPDATE CASCADE ON DELETE CASCADE;


--
-- Name: job_file job_file_object_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job_file
    ADD CONSTRAINT job_file_object_fkey FOREIGN KEY (object) REFERENCES public.object(id) ON UPDATE CASCADE ON DELETE SET NULL;


--
-- Name: job job_owner_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.job
    ADD CONSTRAINT job_owner_fkey FOREIGN KEY (owner) REFERENCES public.account(id) ON UPDATE CASCADE ON DELETE CASCADE;


--
-- Name: object object_job_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.object
    ADD CONSTRAINT object_job_fkey FOREIGN KEY (job) REFERENCES public.job(id) ON UPDATE CASCADE ON DELETE SET NULL;


--
-- Name: object object_owner_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.object
    ADD CONSTRAINT object_owner_fkey FOREIGN KEY (owner) REFERENCES public.account(id) ON UPDATE CASCADE ON DELETE SET NULL;


--
-- Name: second_factor second_factor_account_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.second_factor
    ADD CONSTRAINT second_factor_account_fkey FOREIGN KEY (account) REFERENCES public.account(id) ON UPDATE CASCADE ON DELETE CASCADE;


--
-- Name: sign_in sign_in_account_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.sign_in
    ADD CONSTRAINT sign_in_account_fkey FOREIGN KEY (account) REFERENCES public.account(id) ON UPDATE CASCADE ON DELETE CASCADE;


--
-- PostgreSQL database dump complete
--


