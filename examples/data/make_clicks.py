#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the data of this folder into the current one: clicks.tsv, and covers of the films, cover_feat.npy, with
their ids, cover_feat.ids.txt. The same bytes each time.

200 people watch 160 films. A film has a genre and a mood, a person likes two genres and one mood; a few films of each
kind are much better known than the rest. A cover shows genre and mood, and a good deal of noise.
"""
import itertools
import random
import struct

NAMES = """alice bob carol dave erin frank grace heidi ivan judy karl laura mallory nina oscar peggy quentin rita sybil
           trent ursula victor wendy xavier yvonne zoe amir bianca chen dalia emre fatima goran hana ines jonas kofi
           lena mateo noor""".split()
GENRES = "comedy drama western thriller romance mystery musical fantasy".split()
MOODS = 4
FILMS_OF_A_KIND = 5
CLICKS = (8, 16)
NOISE = 0.7


def main():
    draw = random.Random(2024)

    def bell():
        """A number with mean 0 and deviation 1 (nearly): its bytes are the same on every machine."""
        return sum(draw.random() for _ in range(12)) - 6

    people = [name + suffix for suffix in ("", "-2", "-3", "-4", "-5") for name in NAMES]
    films = [(genre, mood, f"{genre}-{mood * FILMS_OF_A_KIND + number + 1:02}")
             for genre, mood, number in itertools.product(GENRES, range(MOODS), range(FILMS_OF_A_KIND))]
    renown = {film: 1 / (1 + int(draw.random() * FILMS_OF_A_KIND)) for _, _, film in films}

    with open("clicks.tsv", "w", encoding="utf-8", newline="\n") as file:
        file.write("user\titem\tsplit\n")
        for person in people:
            liked, mood_of_person = draw.sample(GENRES, 2), draw.randrange(MOODS)
            rest = {film: renown[film] * (20 if genre in liked else 1) * (6 if mood == mood_of_person else 1)
                    for genre, mood, film in films}
            for number in range(draw.randint(*CLICKS)):
                film = draw.choices(list(rest), list(rest.values()))[0]
                del rest[film]
                split = "valid" if number % 8 == 3 else "test" if number % 8 == 6 else "train"
                file.write(f"{person}\t{film}\t{split}\n")

    rows = [[float(genre == of) + NOISE * bell() for of in GENRES] +
            [float(mood == of) + NOISE * bell() for of in range(MOODS)] for genre, mood, _ in films]
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({len(rows)}, {len(rows[0])}), }}"
    with open("cover_feat.npy", "wb") as file:
        file.write(b"\x93NUMPY\x01\x00\x76\x00" + f"{header:<117}\n".encode())
        for row in rows:
            file.write(struct.pack(f"<{len(row)}f", *row))
    with open("cover_feat.ids.txt", "w", encoding="utf-8", newline="\n") as file:
        file.writelines(film + "\n" for _, _, film in films)


if __name__ == "__main__":
    main()
