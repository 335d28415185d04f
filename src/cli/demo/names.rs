//! Made people with believable names, the same ones every time.

use std::collections::HashSet;

/// First and last names that go together.
const NAMES: [(&str, &str); 14] = [
    (
        "Adaeze Chidi Emeka Folake Ifeoma Kelechi Ngozi Obinna Temitope Uche Yetunde Zainab",
        "Adeyemi Balogun Eze Nwosu Obi Ogunleye Okonkwo Oyelaran Uzoma Williams",
    ),
    (
        "Aiko Daichi Emi Haruto Kaito Mei Naoki Ren Sakura Takumi Yui Yuto",
        "Fujita Hayashi Ito Kobayashi Mori Nakamura Sato Shimizu Suzuki Yamada",
    ),
    (
        "Alejandra Camila Diego Esteban Gabriela Javier Lucía Mateo Renata Sofía Tomás Valentina",
        "Aguilar Castro Fuentes Guzmán Herrera Ibáñez Luna Mendoza Ortega Peña",
    ),
    (
        "Aarav Ananya Devika Ishaan Kavya Meera Nikhil Priya Rohan Sneha Tara Vikram",
        "Banerjee Chatterjee Desai Gupta Iyer Kapoor Mehta Nair Reddy Sharma",
    ),
    (
        "Anja Bastian Clara Felix Greta Jonas Katrin Lukas Marlene Nils Sabine Uwe",
        "Bauer Fischer Großmann Hoffmann Keller Köhler Müller Schröder Vogel Weiß",
    ),
    (
        "Amélie Bruno Chloé Étienne Florence Hugo Inès Julien Léa Mathis Noémie Théo",
        "Bernard Chevalier Dubois Fontaine Garnier Lefèvre Mercier Petit Rousseau Vidal",
    ),
    (
        "Ahmad Amira Farid Hala Karim Layla Nadia Omar Rania Samir Yasmin Ziad",
        "Aziz Darwish El-Sayed Farouk Haddad Khalil Mansour Nasser Rahman Saleh",
    ),
    (
        "Astrid Björn Elin Freja Gustav Henrik Ingrid Lars Maja Oskar Sigrid Åsa",
        "Ahlström Bergström Dahl Eklund Hansen Lindqvist Nygård Olsen Sjöberg Østergaard",
    ),
    (
        "Duc Hoa Huong Lan Linh Minh Ngoc Phuong Quang Thao Trang Tuan",
        "Bui Dang Do Hoang Le Nguyen Pham Phan Tran Vu",
    ),
    (
        "Agnieszka Bartosz Dorota Jakub Kasia Łukasz Magda Paweł Piotr Tomasz Wojciech Zofia",
        "Dąbrowski Kamiński Kowalczyk Lewandowski Mazur Nowak Szymański Wiśniewski Wójcik Zając",
    ),
    (
        "Aoife Bridget Callum Declan Eilidh Fiona Hamish Maeve Niall Oonagh Rory Siobhán",
        "Brennan Campbell Doyle Fraser Gallagher MacLeod Murphy O'Brien Sinclair Walsh",
    ),
    (
        "Abebe Almaz Biruk Eden Hirut Kidist Makeda Meron Selam Tadesse Yared Zewdu",
        "Alemu Bekele Desta Gebre Haile Kebede Mulugeta Tesfaye Wolde Yohannes",
    ),
    (
        "Ana Bogdan Cristina Dragan Elena Ioana Luka Marija Mihai Nikola Petra Stefan",
        "Dumitru Horvat Ilić Jovanović Kovač Marin Nikolić Popescu Radu Stojanović",
    ),
    (
        "Akua Kofi Kwame Nana Ama Efua Yaw Abena Kojo Esi Adjoa Kwabena",
        "Addo Agyeman Ansah Appiah Boateng Mensah Owusu Quaye Sarpong Tetteh",
    ),
];

/// Names written in another script.
const OTHER_SCRIPTS: [(&str, &str); 6] = [
    ("佐藤 健", "ken.sato"),
    ("Юлия Соколова", "yulia.sokolova"),
    ("김 지우", "jiwoo.kim"),
    ("Ελένη Παπαδάκη", "eleni.papadaki"),
    ("王 芳", "fang.wang"),
    ("نور الهاشمي", "noor.alhashimi"),
];

/// Numbers that look drawn and are always the same (Numerical Recipes' generator).
pub(super) struct Dice(u32);

impl Dice {
    pub fn new(seed: u32) -> Self {
        Self(seed)
    }

    /// 0 to `sides` - 1.
    pub fn roll(&mut self, sides: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) % sides.max(1)
    }
}

/// So many names, each with the part of an address before the @, no two alike.
pub(super) fn names(count: usize, dice: &mut Dice) -> Vec<(String, String)> {
    let mut taken = HashSet::new();
    let mut found: Vec<(String, String)> = OTHER_SCRIPTS
        .iter()
        .take(count)
        .map(|(n, a)| ((*n).to_owned(), (*a).to_owned()))
        .collect();
    while found.len() < count {
        let (first, last) = NAMES[dice.roll(NAMES.len() as u32) as usize];
        let name = format!("{} {}", pick(first, dice), pick(last, dice));
        let address = deunicode::deunicode(&name)
            .to_lowercase()
            .replace(' ', ".")
            .replace('\'', "");
        if taken.insert(address.clone()) {
            found.push((name, address));
        }
    }
    found
}

fn pick<'a>(words: &'a str, dice: &mut Dice) -> &'a str {
    let words: Vec<&str> = words.split(' ').collect();
    words[dice.roll(words.len() as u32) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_made_people_are_always_the_same_and_each_address_is_one() {
        let made = names(320, &mut Dice::new(7));
        assert_eq!(made, names(320, &mut Dice::new(7)));
        let addresses: HashSet<&String> = made.iter().map(|(_, address)| address).collect();
        assert_eq!(addresses.len(), 320);
        for (name, address) in &made {
            assert!(
                crate::text::email(&format!("{address}@acme.test")).is_ok(),
                "{address}"
            );
            assert!(crate::text::name(name).is_ok(), "{name}");
        }
    }
}
