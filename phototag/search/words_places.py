"""Names of places that the gazetteer's table does not have, and names that are words.

The decision here: the table has one name for each town, half of them English, half of them local; the other names that
English and German queries use for well-known places stand here. Refused: a second gazetteer of 50 MB for them.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# As the table has it = as people write it as well; all folded as places.bare() does.
_TOWNS = """

munich=munchen koln=cologne nurnberg=nuremberg hannover=hanover braunschweig=brunswick milan=mailand,milano
venice=venedig,venezia florence=florenz,firenze rome=rom,roma naples=neapel,napoli turin=torino genoa=genua,genova
padova=padua siena=sienna verona=verona geneve=geneva,genf zurich=zuerich lausanne=losanna luzern=lucerne basel=basle
strasbourg=strassburg nice=nizza lyon=lyons marseille=marseilles reims=rheims krakow=cracow,krakau wroclaw=breslau
gdansk=danzig poznan=posen szczecin=stettin warsaw=warschau,warszawa lodz=lodsch beijing=peking brugge=bruges,bruegge
gent=ghent antwerpen=antwerp liege=luttich the+hague=den+haag,the+hague,hague prague=prag,praha brno=brunn vienna=wien
moscow=moskau,moskva saint+petersburg=st+petersburg,sankt+petersburg copenhagen=kopenhagen,kobenhavn
brussels=brussel,bruxelles lisbon=lissabon,lisboa porto=oporto athens=athen,athina new+york+city=new+york,nyc
washington=washington+dc frankfurt+am+main=frankfurt sevilla=seville zaragoza=saragossa cordoba=cordova
bucharest=bukarest,bucuresti belgrade=belgrad,beograd kyiv=kiev,kiew lviv=lemberg odessa=odesa tbilisi=tiflis
mumbai=bombay kolkata=calcutta,kalkutta chennai=madras bengaluru=bangalore thessaloniki=saloniki goteborg=gothenburg
havana=havanna cairo=kairo,el+cairo jerusalem=al+quds mexico+city=mexiko+stadt,ciudad+de+mexico tokyo=tokio seoul=soul
singapore=singapur hong+kong=hongkong bangkok=krung+thep ho+chi+minh+city=saigon luxembourg=luxemburg+stadt
tallinn=reval riga=riga vilnius=wilna,wilno ljubljana=laibach zagreb=agram bratislava=pressburg,presburg
budapest=budapest istanbul=constantinople,konstantinopel marrakesh=marrakesch,marrakech damascus=damaskus
baghdad=bagdad tehran=teheran delhi=neu+delhi sao+paulo=st+paulo bolzano=bozen merano=meran trento=trient
trieste=triest mantova=mantua livorno=leghorn klaipeda=memel kaliningrad=konigsberg dubai=dubay doha=ad+dawhah
los+angeles=la+city nicosia=nikosia valletta=la+valletta rhodes=rhodos heraklion=iraklio
"""
# English name of a region = other names; matched with the state that photos have.
_REGIONS = """

bavaria=bayern saxony=sachsen lower+saxony=niedersachsen saxony+anhalt=sachsen+anhalt thuringia=thuringen hesse=hessen
north+rhine+westphalia=nordrhein+westfalen,nrw rhineland+palatinate=rheinland+pfalz
mecklenburg+vorpommern=mecklenburg,mecklenburg+western+pomerania brandenburg=brandenburg
schleswig+holstein=schleswig+holstein baden+wurttemberg=baden+wuerttemberg saarland=saarland tuscany=toskana,toscana
lombardy=lombardei sicily=sizilien,sicilia sardinia=sardinien,sardegna apulia=apulien,puglia piedmont=piemont
veneto=venetien liguria=ligurien umbria=umbrien trentino+alto+adige=south+tyrol,sudtirol tyrol=tirol carinthia=karnten
styria=steiermark upper+austria=oberosterreich lower+austria=niederosterreich andalusia=andalusien,andalucia
catalonia=katalonien,cataluna balearic+islands=balearen,balearics canary+islands=kanaren,kanarische+inseln,canaries
galicia=galicien brittany=bretagne normandy=normandie corsica=korsika,corse
provence+alpes+cote+d'azur=provence,cote+d'azur england=england scotland=schottland wales=wales
northern+ireland=nordirland california=kalifornien crete=kreta lapland=lappland flanders=flandern wallonia=wallonien
siberia=sibirien silesia=schlesien
"""
# Islands and regions that are no town of the table: the point and how far it reaches, in kilometres.
POINTS = {
    "mallorca": (39.62, 2.98, 55.0),
    "majorca": (39.62, 2.98, 55.0),
    "ibiza": (38.98, 1.43, 28.0),
    "menorca": (39.97, 4.08, 30.0),
    "tenerife": (28.27, -16.6, 50.0),
    "teneriffa": (28.27, -16.6, 50.0),
    "gran canaria": (27.96, -15.6, 32.0),
    "fuerteventura": (28.4, -14.0, 60.0),
    "lanzarote": (29.04, -13.63, 38.0),
    "madeira": (32.75, -17.0, 35.0),
    "sylt": (54.9, 8.33, 22.0),
    "rugen": (54.43, 13.43, 35.0),
    "usedom": (53.95, 14.08, 30.0),
    "fehmarn": (54.45, 11.13, 14.0),
    "helgoland": (54.18, 7.89, 4.0),
    "bornholm": (55.13, 14.92, 25.0),
    "gotland": (57.5, 18.55, 75.0),
    "crete": (35.24, 24.9, 130.0),
    "kreta": (35.24, 24.9, 130.0),
    "corfu": (39.62, 19.82, 32.0),
    "korfu": (39.62, 19.82, 32.0),
    "santorini": (36.4, 25.44, 12.0),
    "elba": (42.78, 10.27, 18.0),
    "lake garda": (45.65, 10.67, 30.0),
    "gardasee": (45.65, 10.67, 30.0),
    "lake constance": (47.63, 9.37, 40.0),
    "bodensee": (47.63, 9.37, 40.0),
    "bali": (-8.37, 115.14, 75.0),
    "hawaii": (20.8, -157.0, 380.0),
}
# Places, and more often something else: only after "in" or "near", or written with a capital letter.
WORDS = _words(
    "nice bush bath reading turkey china orange split cork mobile hope man male sandwich chad jordan georgia hull "
    "wells rugby lens nancy tours brest essen weil hall halle singen leer regen island jersey reunion togo niger "
    "mali guinea mary mesa kent tyre fuji san cary ann offa tete ruse oral mito tula saga safi sari nada kota "
    "mission victoria boulder riverside aurora woodlands vista independence paradise surprise enterprise concord "
    "lancaster columbia augusta phoenix buffalo springfield sterling heights industry commerce providence liberty "
    "freedom spring summit union garden grove garland carol charlotte eugene jackson lincoln madison irving "
    "arlington ontario corona sunrise sunset plantation pearl gilbert chandler murray clinton salem stamford "
    "henderson orlando austin hannah santiago angers vannes troyes mans caracas nova bor most as of us am "
    "so ho bo kara kaya natal male palma rosario trinidad sale deal diss eye ash beer ware "
    "rye ham wick street battle sea lake beach park forest castle hill rock stone bridge church mill farm valley "
    "river bay port harbour harbor point green brown black white grey gray young old new big grand "
    "linden rot weiss baden home best bend mountain wood plains center central southern northern western "
    "eastern north south east west capital region region city town village union marina "
    "candelaria carmen concepcion florida guadalupe flores fuerte la el los las le les van von das der die den "
    "mit und auf bei zum zur eine einer mont belle bonne grande petit petite verte rouge blanc noir rosa bianca "
)


def _read(table: str) -> dict[str, str]:
    """Every other name with the one of the table."""
    lines = (one.replace("+", " ").partition("=") for one in table.split())
    return {other: name for name, _, others in lines for other in others.split(",") if other != name}


TOWNS = _read(_TOWNS)
REGIONS = _read(_REGIONS)
KNOWN_REGIONS = frozenset(line.partition("=")[0].replace("+", " ") for line in _REGIONS.split())
