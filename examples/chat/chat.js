// The page of examples/chat.cpp, which says what travels. Everything that others wrote is shown by textContent only.
import { io } from '/socket.io/socket.io.esm.min.js';

const $ = (id) => document.getElementById(id);
const itemsMax = 500;         // shown per conversation
const typingEveryMs = 1500;   // told to others while typing
const typingShownMs = 3000;
const statusShownMs = 4000;

// What survives a reload: who I am. The key proves to the server that it is me again.
const me = JSON.parse(sessionStorage.getItem('me')) ?? { nickname: '', key: randomKey() };
const conversations = new Map();  // by "#room" or "@nickname"
let current;

const socket = io({ autoConnect: false, reconnectionDelayMax: 3000, auth: (send) => send(me) });

function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function element(tag, className, text = '') {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function avatar(nickname, made = element('span', 'avatar')) {
  let hue = 0;
  for (const letter of nickname.toLowerCase()) hue = (hue * 31 + letter.codePointAt(0) * 47) % 360;
  made.style.setProperty('--hue', hue);
  made.textContent = nickname.slice(0, 1).toUpperCase();
  made.setAttribute('aria-hidden', 'true');
  return made;
}

// ---- conversations: a room, or somebody ------------------------------------------------------------------------------------

function open(id) {
  if (!conversations.has(id)) {
    const kind = id[0] === '#' ? 'room' : 'private';
    conversations.set(id, { id, kind, name: id.slice(1), items: [], people: new Set(), typing: new Map(), unread: 0, lastId: 0 });
    renderPlaces();
  }
  return conversations.get(id);
}

function show(conversation) {
  current = conversation;
  current.unread = 0;
  $('messages').replaceChildren(...current.items.map((item, index) => renderItem(item, current.items[index - 1])));
  renderPlaces();
  renderTitle();
  renderTyping();
  scrollDown();
}

function add(conversation, item) {
  conversation.items.push(item);
  if (conversation.items.length > itemsMax) conversation.items.shift();
  if (conversation === current) {
    $('messages').append(renderItem(item, conversation.items.at(-2)));
    if ($('messages').children.length > itemsMax) $('messages').firstChild.remove();
    if (readsLatest || item.from === me.nickname) scrollDown();
  } else if (item.from) {
    conversation.unread += 1;
    renderPlaces();
  }
}

/** Ids grow: what comes again, after the connection was lost, is known already. */
function addMessage(conversation, message) {
  if (message.id <= conversation.lastId) return;
  conversation.lastId = message.id;
  stopTyping(conversation, message.from);
  add(conversation, message);
}

async function join(name) {
  const [error, messages, people] = await ask('join', name);
  if (error) return say(error);
  const conversation = open(`#${name}`);
  conversation.people = new Set(people);
  for (const message of messages) addMessage(conversation, message);
  if (!current) show(conversation);
  else if (current === conversation) renderTitle();
  return conversation;
}

function leave(conversation) {
  if (conversation.kind === 'room') socket.emit('leave', conversation.name);
  conversations.delete(conversation.id);
  current = undefined;
  const next = conversations.values().next().value;
  if (next) show(next);
  else join('lobby');
}

/** Emits, and waits for the answer: [error or null, ...results]. */
function ask(...event) {
  return new Promise((resolve) => {
    socket.timeout(5000).emit(...event, (late, ...answer) => resolve(late ? ['The server did not answer.'] : answer));
  });
}

// ---- what is on the page ---------------------------------------------------------------------------------------------------

function renderItem(item, previous) {
  if (item.notice) return element('div', 'notice', item.notice);
  const mine = item.from === me.nickname;
  const follows = previous?.from === item.from && item.time - previous.time < 120_000;
  const made = element('div', `message${mine ? ' mine' : ''}${follows ? ' follows' : ''}`);
  const time = element('time', '', new Date(item.time).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }));
  time.dateTime = new Date(item.time).toISOString();
  const head = element('div', 'head');
  head.append(element('span', mine ? 'unseen' : 'from', item.from), time);
  const bubble = element('div', 'bubble');
  bubble.append(element('p', 'text', item.text));
  made.append(avatar(item.from), head, bubble);
  return made;
}

let readsLatest = true;

$('messages').addEventListener('scroll', () => {
  readsLatest = $('messages').scrollHeight - $('messages').scrollTop - $('messages').clientHeight < 40;
});
new ResizeObserver(() => { if (readsLatest) scrollDown(); }).observe($('messages'));

function scrollDown() {
  $('messages').scrollTop = $('messages').scrollHeight;
}

function renderPlaces() {
  for (const [list, kind] of [['rooms', 'room'], ['privates', 'private']]) {
    $(list).replaceChildren(...[...conversations.values()].filter((one) => one.kind === kind).map((conversation) => {
      const button = element('button', 'place');
      button.append(kind === 'room' ? element('span', 'hash', '#') : avatar(conversation.name), element('span', 'name', conversation.name));
      if (conversation === current) button.setAttribute('aria-current', 'true');
      if (conversation.unread) {
        const badge = element('span', 'badge', String(conversation.unread));
        badge.setAttribute('aria-label', `${conversation.unread} unread`);
        button.append(badge);
      }
      button.addEventListener('click', () => {
        show(conversation);
        $('text').focus();
      });
      const item = element('li', '');
      item.append(button);
      return item;
    }));
  }
  $('privates-title').hidden = $('privates').children.length === 0;
  document.querySelector('.place[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
}

function renderTitle() {
  const isRoom = current.kind === 'room';
  const count = current.people.size;
  $('title').textContent = isRoom ? `#${current.name}` : current.name;
  $('subtitle').textContent = isRoom ? `${count} ${count === 1 ? 'person' : 'people'}` : 'only the two of you';
  $('leave').textContent = isRoom ? 'Leave' : 'Close';
  $('text').placeholder = `Message ${isRoom ? '#' : ''}${current.name}`;
  $('people-side').hidden = !isRoom;
  $('people').replaceChildren(...[...current.people].sort((a, b) => a.localeCompare(b)).map((nickname) => {
    const item = element('li', '');
    const mine = nickname === me.nickname;
    const row = element(mine ? 'div' : 'button', 'person');
    row.append(avatar(nickname), element('span', 'name', nickname));
    if (mine) {
      row.append(element('span', 'muted', 'you'));
    } else {
      row.title = `Write to ${nickname} alone`;
      row.addEventListener('click', () => {
        show(open(`@${nickname}`));
        $('text').focus();
      });
    }
    item.append(row);
    return item;
  }));
}

function renderTyping() {
  const names = current ? [...current.typing.keys()] : [];
  $('typing').textContent = names.length === 0 ? '' :
    names.length > 2 ? 'Several people are typing' : `${names.join(' and ')} ${names.length > 1 ? 'are' : 'is'} typing`;
}

function stopTyping(conversation, nickname) {
  clearTimeout(conversation.typing.get(nickname));
  if (conversation.typing.delete(nickname)) renderTyping();
}

let statusTimer;

/** Says something above the messages, for a while or until the next call. */
function say(text, { kind = 'problem', stays = false } = {}) {
  clearTimeout(statusTimer);
  $('status').textContent = text;
  $('status').dataset.kind = kind;
  $('status').hidden = false;
  if (!stays) statusTimer = setTimeout(() => { $('status').hidden = true; }, statusShownMs);
}

function renderConnection() {
  $('connection').dataset.state = socket.connected ? 'live' : 'lost';
  $('connection').textContent = socket.connected ? socket.io.engine.transport.name : 'offline';
  $('send').disabled = !socket.connected;
}

function showDoor(problem) {
  $('door').hidden = false;
  $('chat').hidden = true;
  $('sign-in-problem').textContent = problem;
  $('nickname').value = me.nickname;
  $('nickname').setAttribute('aria-invalid', problem !== '');
  $('nickname').focus();
}

// ---- the connection --------------------------------------------------------------------------------------------------------

let wasLost = false;

socket.on('connect', async () => {
  sessionStorage.setItem('me', JSON.stringify(me));
  $('door').hidden = true;
  $('chat').hidden = false;
  $('my-name').textContent = me.nickname;
  avatar(me.nickname, $('my-avatar'));
  renderConnection();
  socket.io.engine.on('upgrade', renderConnection);
  if (!socket.recovered) {  // new to the server: it does not know my rooms, and sends their latest messages again
    const rooms = [...conversations.values()].filter((one) => one.kind === 'room').map((one) => one.name);
    await Promise.all((rooms.length ? rooms : ['lobby']).map(join));
  }
  if (wasLost) {
    say(socket.recovered ? 'Back again. You have missed nothing.' : 'Back again.', { kind: 'good' });
  } else {
    $('text').focus();
  }
  wasLost = false;
});

socket.on('disconnect', (reason) => {
  renderConnection();
  if (reason === 'io client disconnect') return;
  if (reason === 'io server disconnect') return showDoor('You have come in from somewhere else.');
  wasLost = true;
  say('Connection lost. Trying again…', { stays: true });
});

socket.on('connect_error', (error) => {
  renderConnection();
  if (error.data) showDoor(error.data.hint);  // refused by the server; everything else is the network, and is tried again
  else if ($('chat').hidden) $('sign-in-problem').textContent = 'The server cannot be reached. Trying again…';
});

socket.on('message', (room, message) => {
  const conversation = conversations.get(`#${room}`);
  if (conversation) addMessage(conversation, message);
});

socket.on('whisper', (nickname, message) => addMessage(open(`@${nickname}`), message));

for (const [event, phrase] of [['joined', 'has joined'], ['left', 'has left']]) {
  socket.on(event, (room, nickname) => {
    const conversation = conversations.get(`#${room}`);
    if (!conversation || conversation.people.has(nickname) === (event === 'joined')) return;
    if (event === 'joined') conversation.people.add(nickname);
    else conversation.people.delete(nickname);
    stopTyping(conversation, nickname);
    add(conversation, { notice: `${nickname} ${phrase}` });
    if (conversation === current) renderTitle();
  });
}

socket.on('typing', (room, nickname) => {
  const conversation = conversations.get(`#${room}`);
  if (!conversation) return;
  clearTimeout(conversation.typing.get(nickname));
  conversation.typing.set(nickname, setTimeout(() => stopTyping(conversation, nickname), typingShownMs));
  renderTyping();
});

// ---- what I do -------------------------------------------------------------------------------------------------------------

$('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  me.nickname = $('nickname').value.trim();
  $('sign-in-problem').textContent = '';
  socket.disconnect().connect();
});

$('sign-out').addEventListener('click', () => {
  sessionStorage.removeItem('me');
  location.reload();
});

$('join').addEventListener('submit', async (event) => {
  event.preventDefault();
  const name = $('room').value.trim().replace(/^#/, '');
  const conversation = await join(name);
  if (!conversation) return;
  $('room').value = '';
  show(conversation);
  $('text').focus();
});

$('leave').addEventListener('click', () => leave(current));

$('composer').addEventListener('submit', async (event) => {
  event.preventDefault();
  const text = $('text').value.trim();
  if (!text || !socket.connected) return;  // it stays in the field until the connection is back
  $('text').value = '';
  lastTyping = 0;
  const [error] = await ask(current.kind === 'room' ? 'say' : 'whisper', current.name, text);
  if (error) say(error);
});

let lastTyping = 0;

$('text').addEventListener('input', () => {
  const now = Date.now();
  if (current.kind !== 'room' || now - lastTyping < typingEveryMs || $('text').value === '') return;
  lastTyping = now;
  socket.volatile.emit('typing', current.name);
});

if (me.nickname) socket.connect();
